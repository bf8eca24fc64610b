//! Check `oauth`: are codes, challenges, redirects and clients of an authorization server minded?

use super::actor::Who;
use super::scan::Scan;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Confidence, GapCode, Place, Severity};

mod code;
pub mod flow;
mod metadata;
mod redirect;
mod refresh;

use flow::{Server, Session};

pub const CHECK: Check = Check {
    id: CheckId::OAuth,
    title: "Authorization server",
    asks: "Are codes, challenges, redirects and clients of the code flow minded?",
    flaws: &[
        &code::REPLAYED,
        &code::DOWNGRADE,
        &code::PLAIN,
        &code::CLIENT,
        &code::STATE,
        &redirect::UNCHECKED,
        &redirect::LOOSE,
        &refresh::REPLAYED,
        &refresh::WIDENED,
        &metadata::WEAK,
    ],
    values: &[
        measure("oauth.code_single_use", "a code that was redeemed is refused"),
        measure("oauth.pkce_enforced", "a code that came with a challenge needs its verifier"),
        measure("oauth.pkce_required", "an authorization without a challenge is refused"),
        measure("oauth.plain_refused", "the challenge method `plain` is refused"),
        measure("oauth.state_kept", "`state` comes back as it was sent"),
        measure("oauth.client_authenticated", "a code is refused without the client's secret"),
        measure("oauth.redirect_exact", "no other redirect URI than the registered is followed"),
        measure("oauth.refresh_single_use", "a refresh token that was exchanged is refused"),
        measure("oauth.refresh_scope_kept", "a refresh gives no scope that was not granted"),
        measure("oauth.pkce_announced", "the metadata names the challenge method S256"),
    ],
};

const fn measure(name: &'static str, meaning: &'static str) -> Measure {
    Measure { name, kind: Kind::Bool, meaning }
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut judgement = look(scan).await;
    for finding in &mut judgement.findings {
        let last = finding.evidence.last().map(|exchange| exchange.request.line.clone());
        let operation = last.and_then(|line| operation(scan, &line));
        finding.reach = u32::from(operation.is_some());
        finding.places = vec![Place::of_operation(operation)];
    }
    judgement
}

/// The operation that a request line asked, for instance `POST /token`.
fn operation(scan: &Scan<'_>, line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix(scan.client.target.base.as_str()).unwrap_or(path);
    Some(format!("{method} {path}"))
}

async fn look(scan: &Scan<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let served = metadata::fetch(scan).await;
    let Some(server) = Server::find(scan, served.as_ref().map(|(_, value)| value)) else {
        // Nothing that these questions could be asked of: no part of the API is left unjudged.
        return judgement;
    };
    if let Some((reply, value)) = &served {
        metadata::judge(reply, value, &mut judgement);
    }
    let there = redirect::look_as_stranger(scan, &server, &mut judgement).await;
    if !there {
        // Users are sent to somebody else's server, which is not the one to be judged.
        return judgement;
    }
    let Some(client) = &scan.credentials.oauth else {
        let detail = "the order holds no client of the authorization server (`credentials.oauth`)";
        judgement.gaps.push(Gap::new(GapCode::NoCredential, detail));
        return judgement;
    };
    let Some(actor) = scan.actor(Who::A).await else {
        judgement.gaps.push(scan.nobody(Who::A));
        return judgement;
    };
    let signed_in = actor.session.clone().unwrap_or_else(|| actor.credential.clone());
    let by_code = actor.session.is_some();
    let session = Session { scan, server: &server, client, signed_in, by_code };
    let granted = match code::look(&session, &mut judgement).await {
        Ok(granted) => granted,
        Err(gap) => {
            judgement.gaps.push(gap);
            return judgement;
        }
    };
    redirect::look(&session, &mut judgement).await;
    refresh::look(&session, &granted, &mut judgement).await;
    judgement
}

/// What the flaws of this check have in common.
const FLAW: Flaw = Flaw {
    id: "code-replayed",
    check: CheckId::OAuth.code(),
    title: "An authorization code is redeemed twice",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Who reads a code in a log, a history or a Referer gets tokens with it, after its client \
          did.",
    fix: "Redeem a code once; when it comes again, refuse it and end what it gave (RFC 6749 \
          §4.1.2).",
    owasp: "API2:2023",
    cwe: 294,
};
