//! Bodies and texts: what succeeded small is sent large.

use serde_json::Value;

use super::Found;
use super::flaws::{BODY, FAILS, LENGTH};
use crate::api::Operation;
use crate::live::Gap;
use crate::live::actor::Role;
use crate::live::likeness::tells_of_error;
use crate::live::scan::Scan;
use crate::live::world::{Case, Change, Spot, World};
use crate::order::Intensity;
use crate::report::Finding;

/// Operations that get large bodies.
const MOST: usize = 8;
/// Bytes of a large body, characters of a long text, levels of a deep one, items of a long list.
const LARGE: usize = 2_200_000;
const LARGE_GENTLE: usize = 262_144;
const LONG: usize = 100_000;
const DEEP: usize = 2_000;
const ITEMS: usize = 10_000;

pub async fn look(scan: &Scan<'_>, world: &World) -> Result<Found, Gap> {
    let mut found = Found::default();
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let role = world.roles.get(index).copied().unwrap_or(Role::Plain);
        let ends = matches!(role, Role::LogIn | Role::LogOut | Role::Register | Role::Refresh);
        if ends || operation.method.is_safe() || found.asked == MOST {
            continue;
        }
        let Some(case) = world.any_case(index) else { continue };
        let Some(kind) = kind(operation, case) else { continue };
        found.asked += 1;
        let large = if scan.intensity == Intensity::Gentle { LARGE_GENTLE } else { LARGE };
        if let Some(finding) = oversized(scan, case, kind, large).await? {
            found.findings.push(finding);
        }
        if kind == Body::Members {
            found.findings.extend(long_text(scan, operation, case).await?);
            found.findings.extend(fails(scan, case).await?);
        }
    }
    Ok(found)
}

/// What a body is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// JSON members, between which there may be space.
    Members,
    /// Any bytes, of which the document promises not to take too many.
    Bytes,
}

fn kind(operation: &Operation<'_>, case: &Case) -> Option<Body> {
    let media = operation.body().or_else(|| operation.bodies.first())?;
    let members = media.is_json() && case.inputs.body.as_ref().is_some_and(Value::is_object);
    let bytes = !media.is_json() && !media.is_form() && operation.answers_with("413");
    match (members, bytes) {
        (true, _) => Some(Body::Members),
        (_, true) => Some(Body::Bytes),
        _ => None,
    }
}

async fn oversized(
    scan: &Scan<'_>,
    case: &Case,
    kind: Body,
    size: usize,
) -> Result<Option<Finding>, Gap> {
    let mut request = case.request.clone();
    request.body = Some(match kind {
        Body::Members => spaced(request.body.as_deref().unwrap_or(b"{}"), size),
        Body::Bytes => vec![b'x'; size],
    });
    let Some(reply) = scan.answer(&request).await? else { return Ok(None) };
    if !reply.is_success() || tells_of_error(&reply) {
        return Ok(None);
    }
    let mut exchange = reply.exchange;
    exchange.curl = format!("{} # {size} bytes", shortened(&exchange.curl));
    let evidence = vec![case.reply.exchange.clone(), exchange];
    Ok(Some(BODY.found(case.request.operation.clone(), evidence)))
}

/// The same members with so many spaces after them: larger, and as valid as before (RFC 8259 §2).
fn spaced(body: &[u8], size: usize) -> Vec<u8> {
    [body, &vec![b' '; size][..]].concat()
}

/// A command of megabytes helps nobody.
fn shortened(curl: &str) -> String {
    curl.chars().take(2_000).collect()
}

/// A text longer than the document allows, in the first field that states a length; the answer must
/// hold the whole of it.
async fn long_text(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    case: &Case,
) -> Result<Option<Finding>, Gap> {
    let schema = operation.body().and_then(|media| media.schema);
    let Some(shape) = schema.and_then(|schema| scan.document.shapes.get(schema)) else {
        return Ok(None);
    };
    let fields = shape.fields.iter().filter(|field| !field.path.contains(['[', '{']));
    let bounded = fields.filter_map(|field| Some((field, field.node.number("maxLength")?)));
    let mut bounded = bounded.filter(|(_, most)| *most < LONG as f64);
    let body = case.inputs.body.as_ref();
    let Some((field, _)) = bounded.find(|(field, _)| {
        let pointer = format!("/{}", field.path.replace('.', "/"));
        body.and_then(|body| body.pointer(&pointer)).is_some_and(Value::is_string)
    }) else {
        return Ok(None);
    };
    let text = "w".repeat(LONG);
    let spot = Spot::Body(format!("/{}", field.path.replace('.', "/")));
    let request = case.request(scan, &[Change::new(spot, text.as_str())]);
    let Some(mut reply) = scan.answer(&request).await? else { return Ok(None) };
    if !reply.is_success() || tells_of_error(&reply) || !reply.text().contains(&text) {
        return Ok(None);
    }
    reply.exchange.curl = shortened(&reply.exchange.curl);
    let evidence = vec![case.reply.exchange.clone(), reply.exchange];
    let finding = LENGTH.found(case.request.operation.clone(), evidence);
    Ok(Some(finding.of_shape(format!("body field `{}`", field.path))))
}

/// Deep and long JSON, which a program may refuse but should not fail at.
async fn fails(scan: &Scan<'_>, case: &Case) -> Result<Option<Finding>, Gap> {
    let deep = format!("{}1{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let long = format!("[{}1]", "1,".repeat(ITEMS - 1));
    for (what, json) in [("deep JSON", deep), ("a long list", long)] {
        let mut request = case.request.clone();
        let Some(Value::Object(_)) = &case.inputs.body else { return Ok(None) };
        let whole = case.inputs.body.as_ref().map(Value::to_string).unwrap_or_default();
        let open = whole.trim_end().trim_end_matches('}');
        let comma = if open.ends_with('{') { "" } else { "," };
        request.body = Some(format!("{open}{comma}\"portcullis\":{json}}}").into_bytes());
        let Some(mut reply) = scan.answer(&request).await? else { continue };
        if reply.status < 500 {
            continue;
        }
        reply.exchange.curl = shortened(&reply.exchange.curl);
        let evidence = vec![case.reply.exchange.clone(), reply.exchange];
        let finding = FAILS.found(case.request.operation.clone(), evidence);
        return Ok(Some(finding.of_shape(what)));
    }
    Ok(None)
}
