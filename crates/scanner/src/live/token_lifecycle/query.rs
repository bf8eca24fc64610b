//! Whether a credential that belongs into a header is taken from the address too (RFC 6750 §2.3).

use super::FLAW;
use crate::flaw::Flaw;
use crate::live::Judgement;
use crate::live::likeness::{alike, tells_of_error};
use crate::live::request::{Origin, Presented};
use crate::live::scan::{Guarded, Scan};
use crate::order::Placement;
use crate::report::Severity;

/// Names under which services look for a token in the query.
const NAMES: [&str; 3] = ["access_token", "token", "auth"];

pub const IN_URL: Flaw = Flaw {
    id: "token-in-url-accepted",
    title: "A credential is also taken from the address",
    severity: Severity::Info,
    why: "Addresses end up in logs, histories and the Referer of other sites, credentials with them.",
    fix: "Take credentials from the Authorization header only (RFC 9700 §4.3.2).",
    cwe: 598,
    ..FLAW
};

pub async fn look(scan: &Scan<'_>, guarded: &Guarded, judgement: &mut Judgement) {
    let placement = scan.client.placement();
    let Some(genuine) = scan.genuine().filter(|_| placement == Placement::Bearer) else { return };
    for name in NAMES {
        let mut presented =
            Presented::new(genuine.value.clone(), genuine.shown.clone(), Origin::Derived);
        presented.placement = Some(Placement::Query { name: name.to_owned() });
        let Ok(reply) = scan.send(&guarded.request.with(Some(presented))).await else { return };
        if reply.is_success() && !tells_of_error(&reply) && alike(&reply, &guarded.control) {
            judgement.value("lifecycle.header_only", false);
            let shown = [&*guarded.control, &*guarded.anonymous, &reply];
            let evidence = shown.map(|one| one.exchange.clone()).into();
            judgement.findings.push(IN_URL.found(Some(guarded.operation.clone()), evidence));
            return;
        }
    }
    judgement.value("lifecycle.header_only", true);
}
