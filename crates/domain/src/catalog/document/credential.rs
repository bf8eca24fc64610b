//! Where the document says that the credential stands.

use serde_json::Value;

use super::problem::{Pointer, Reason, Report};
use super::reference::resolve;
use super::{Shape, sorted};
use crate::catalog::operations::Placement;
use crate::catalog::scope::plain_text;

const MOST_SCHEMES: usize = 100;

/// The placements of every security scheme that the document defines, whether or not an operation
/// names it: documents often define a scheme and forget to require it.
pub fn read(document: &Value, shape: Shape, report: &mut Report) -> Vec<Placement> {
    let path: &[&str] = match shape {
        Shape::Two => &["securityDefinitions"],
        Shape::Three => &["components", "securitySchemes"],
    };
    let mut pointer = Pointer::root();
    let mut schemes = Some(document);
    for key in path {
        pointer = pointer.child(key);
        schemes = schemes.and_then(|value| value.get(*key));
    }
    let mut placements = Vec::new();
    match schemes.map(Value::as_object) {
        Some(None) => report.problem(&pointer, Reason::WrongType { expected: "an object" }),
        Some(Some(schemes)) => {
            for (name, scheme) in sorted(schemes).into_iter().take(MOST_SCHEMES) {
                match resolve(document, scheme) {
                    Err(reason) => report.problem(&pointer.child(name), reason),
                    Ok(scheme) => match placement(scheme) {
                        Ok(placement) => placements.push(placement),
                        Err(why) => report.note(format!(
                            "the security scheme `{}` is left out: {why}",
                            plain_text(name, 80)
                        )),
                    },
                }
            }
        }
        None => {}
    }
    if placements.is_empty() {
        report.note(
            "the document names no credential that the gateway can place: the ticket must"
                .to_owned(),
        );
    }
    placements.sort();
    placements.dedup();
    placements
}

fn placement(scheme: &Value) -> Result<Placement, String> {
    let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let placement = match text("type") {
        "basic" => Placement::Basic,
        "oauth2" | "openIdConnect" => Placement::Bearer,
        "http" => match text("scheme").to_ascii_lowercase().as_str() {
            "basic" => Placement::Basic,
            "bearer" => Placement::Bearer,
            other => return Err(format!("the HTTP scheme `{}`", plain_text(other, 40))),
        },
        "apiKey" => match text("in") {
            "header" => Placement::Header { name: text("name").to_ascii_lowercase() },
            "query" => Placement::Query { name: text("name").to_owned() },
            other => return Err(format!("a key in `{}`", plain_text(other, 40))),
        },
        other => return Err(format!("the type `{}`", plain_text(other, 40))),
    };
    if placement.is_usable() {
        Ok(placement)
    } else {
        Err("no credential can stand there".to_owned())
    }
}
