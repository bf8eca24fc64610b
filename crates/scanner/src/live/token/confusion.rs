//! HMAC under the public key, where the verifier takes the algorithm from the token (RFC 8725 §2.1).

use serde_json::Value;

use super::key::PublicKey;
use super::{Defence, Forge, Forgery, Key, Signer, Token};

const ALGORITHM: &str = "HS256";
/// Forms of keys that are tried.
const MOST: usize = 24;

/// One for each form in which a verifier may hold a key of these, the token's own first.
pub fn forgeries(token: &Token, keys: &[PublicKey]) -> Vec<Forgery> {
    if token.is_symmetric() {
        return Vec::new();
    }
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|key| key.id.as_deref() != token.key_id());
    let header = token.header_with(&[("alg", Value::from(ALGORITHM))]);
    let forge = |bytes: &[u8]| Forge {
        header: header.clone(),
        signer: Signer::Secret {
            algorithm: ALGORITHM.to_owned(),
            secret: Key(bytes.to_vec().into()),
            // A public key is no secret.
            shown: format!("hexkey:{}", hex::encode(bytes)),
        },
    };
    let doubt = token.forged(&forge(b"portcullis is no key"), &[]);
    let forms = keys.iter().flat_map(|key| key.forms().into_iter().map(move |form| (key, form)));
    forms
        .take(MOST)
        .filter_map(|(key, (form, bytes))| {
            let forge = forge(&bytes);
            let what = format!("{ALGORITHM} under the public key of {} as {form}", key.place);
            let forgery = Forgery::new(Defence::KeyConfusion, what, token.forged(&forge, &[])?);
            Some(Forgery { doubt: doubt.clone(), forge: Some(forge), ..forgery })
        })
        .collect()
}
