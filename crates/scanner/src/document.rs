//! The document scan: judges an API by its description alone, one file per check.
//!
//! [`audit`] is the whole story. Each check has a file here with a `CHECK` that describes it and a
//! pure `look` over the [`Api`]. Nothing that a document says can switch a check off.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::api::{Api, ApiError, Files};
use crate::flaw::Flaw;
use crate::report::{self, Described, GapCode, Incomplete, Report};

#[macro_use]
mod registry;

mod ambiguity;
mod found;
mod limits;
mod oauth;
mod purpose;
mod sensitive;
#[cfg(test)]
mod trial;
mod words;

pub use found::{Found, Spot};

/// A check as its page and `scan checks` describe it. It finds one flaw, of the same name.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    pub flaw: Flaw,
    /// The question that it answers.
    pub asks: &'static str,
    /// What counts and what does not.
    pub judged: &'static str,
    /// A piece of a document that is flagged, in YAML.
    pub example: &'static str,
}

/// Looks for one flaw.
pub type Look = fn(&Api<'_>, &mut Found<'_>);

checks! {
    server_plaintext,
    credential_url_plaintext,
    server_internal,
    authentication_undeclared,
    authentication_missing,
    authentication_optional,
    object_open,
    scheme_unknown,
    basic_authentication,
    key_in_query,
    key_in_cookie,
    credential_parameter,
    oauth_implicit,
    oauth_password,
    oauth_scopes_missing,
    oauth_scope_unknown,
    oauth_scope_coarse,
    administration_unscoped,
    login_unlimited,
    limit_answer_missing,
    list_unbounded,
    page_size_unbounded,
    array_unbounded,
    string_unbounded,
    upload_unbounded,
    body_untyped,
    pattern_slow,
    mass_assignment_field,
    mass_assignment_shape,
    sensitive_path,
    sensitive_query,
    sensitive_answer,
    example_secret,
    error_internals,
    error_answers_missing,
    answer_undescribed,
    operation_deprecated,
    version_mixed,
    leftover_path,
    method_unsafe,
    trace_method,
    ssrf_parameter,
    redirect_parameter,
    xml_accepted,
    duplicate_key,
    reference_broken,
}

/// The checks that an audit makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    #[default]
    All,
    /// By id, in any order.
    Only(Vec<&'static str>),
}

/// What is asked of an audit beside the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    pub checks: Selection,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// There is no check of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no check of a document; `portcullis scan checks` lists them")]
pub struct UnknownCheck(pub String);

impl Selection {
    /// The checks of these ids; every one if none is named.
    ///
    /// # Errors
    /// An id that no check has.
    pub fn read<'i>(ids: impl IntoIterator<Item = &'i str>) -> Result<Self, UnknownCheck> {
        let known = |id: &str| {
            let found = CHECKS.iter().find(|(check, _)| check.flaw.id == id);
            found.map(|(check, _)| check.flaw.id).ok_or_else(|| UnknownCheck(id.to_owned()))
        };
        let only = ids.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
        Ok(if only.is_empty() { Self::All } else { Self::Only(only) })
    }

    fn holds(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }
}

/// Judges a description. `source` is where it was read, as the user named it; `started` is in
/// milliseconds since 1970.
///
/// # Errors
/// It describes no API: see [`ApiError`].
pub fn audit(
    files: &Files,
    source: &str,
    options: &Options,
    started: u64,
) -> Result<Report, AuditError> {
    let clock = Instant::now();
    let api = Api::read(files)?;
    let mut findings = Vec::new();
    let mut incomplete = gaps(&api);
    let chosen = || CHECKS.iter().filter(|(check, _)| options.checks.holds(check.flaw.id));
    for (check, look) in chosen() {
        let mut found = Found::new(&api, check);
        look(&api, &mut found);
        found.enter(&mut findings, &mut incomplete);
    }
    found::lines(files, &mut findings);
    report::rank(&mut findings);
    let took = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    let described = Described::of(&api, source);
    let score = report::score::score(&findings, described.operations);
    Ok(Report {
        format: report::FORMAT,
        scan: report::Scan::Document,
        scanner: crate::VERSION.to_owned(),
        nonce: String::new(),
        document: Some(described),
        target: String::new(),
        certificate_sha256: None,
        tls: None,
        started,
        ended: started.saturating_add(took),
        checks: chosen().map(|(check, _)| check.flaw.id.to_owned()).collect(),
        score: Some(score),
        values: BTreeMap::new(),
        findings,
        incomplete,
        requests_sent: 0,
    })
}

fn gaps(api: &Api<'_>) -> Vec<Incomplete> {
    let gap = |(code, detail): &(GapCode, String)| Incomplete {
        check: "document".to_owned(),
        code: *code,
        detail: detail.clone(),
    };
    api.gaps.iter().map(gap).collect()
}

#[cfg(test)]
mod tests;
