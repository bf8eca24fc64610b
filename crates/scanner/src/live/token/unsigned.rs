//! Tokens that say of themselves that they need no signature (RFC 8725 §2.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Defence, Forgery, Token};
use crate::live::request::Presented;

/// How `none` is written to slip past a comparison that minds the case.
const NONES: [&str; 4] = ["none", "None", "NONE", "nOnE"];
/// An algorithm that nobody knows: whoever lets it in looks at no signature at all.
const UNKNOWN: &str = "PCL256";

/// Each spelling without a signature, and the usual one beside the genuine signature.
pub fn forgeries(token: &Token) -> Vec<Forgery> {
    let doubt = headed(token, UNKNOWN, "");
    let mut all: Vec<_> = NONES
        .into_iter()
        .map(|spelling| {
            let what = format!("algorithm spelled {spelling}, no signature");
            Forgery::new(Defence::Unsigned, what, headed(token, spelling, ""))
        })
        .collect();
    let kept = headed(token, "none", token.signature.expose());
    all.push(Forgery::new(Defence::Unsigned, "algorithm none beside a signature", kept));
    all.push(Forgery::new(Defence::Unsigned, "empty algorithm", headed(token, "", "")));
    for forgery in &mut all {
        forgery.doubt = Some(doubt.clone());
    }
    all
}

fn headed(token: &Token, algorithm: &str, signature: &str) -> Presented {
    let header = token.header_with(&[("alg", Value::from(algorithm))]);
    let header = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
    let shown = match signature {
        "" => String::new(),
        _ => token.cut("-f3"),
    };
    token.placed(
        format!("{header}.{}.{signature}", token.payload.expose()),
        format!("{header}.{}.{shown}", token.cut("-f2")),
    )
}
