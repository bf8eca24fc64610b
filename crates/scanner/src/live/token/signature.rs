//! Tokens whose signature is missing, wrong, another's, or not that of their claims (RFC 7515 §5.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Defence, Forge, Forgery, OwnKey, Signer, Token};

/// A claim that nobody reads.
const CLAIM: &str = "portcullis";

/// Every forgery that this token's algorithm allows, and why the last one is missing, if it is.
pub fn forgeries(token: &Token) -> (Vec<Forgery>, Option<String>) {
    let encoded = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let made = |what: &str, signature: &str| {
        Forgery::new(Defence::Signature, what, token.resigned(signature))
    };
    let unrelated = encoded(vec![0x5a; token.signature_bytes]);
    let mut all =
        vec![made("signature stripped", ""), made("signature replaced by other bytes", &unrelated)];
    all.push(Forgery::new(Defence::Signature, "cut off after the claims", token.two_parts()));
    let kept = Forge { header: token.header.clone(), signer: Signer::Kept };
    if let Some(presented) = token.forged(&kept, &[(CLAIM, Value::from(1))]) {
        let what = "claims changed, signature kept";
        let forgery = Forgery::new(Defence::Signature, what, presented);
        all.push(Forgery { forge: Some(kept), ..forgery });
    }
    let algorithm = token.algorithm();
    let own = OwnKey::generate(algorithm)
        .and_then(|key| key.sign(token.signed.expose().as_bytes()))
        .map(|signature| {
            made(&format!("signed by another key with {algorithm}"), &encoded(signature))
        });
    let missing = own.is_none().then(|| format!("no key of our own can be made for `{algorithm}`"));
    all.extend(own);
    (all, missing)
}

/// The signature of zeroes that a faulty ECDSA takes for any text (CVE-2022-21449); none for an
/// algorithm of another kind.
pub fn null(token: &Token) -> Vec<Forgery> {
    if !token.algorithm().starts_with("ES") {
        return Vec::new();
    }
    let signature = |byte: u8| URL_SAFE_NO_PAD.encode(vec![byte; token.signature_bytes]);
    let presented = token.resigned(&signature(0));
    let forgery = Forgery::new(Defence::Null, "signature of zeroes", presented);
    vec![Forgery { doubt: Some(token.resigned(&signature(0x5a))), ..forgery }]
}
