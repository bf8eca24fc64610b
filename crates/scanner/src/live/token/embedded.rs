//! A key of our own in the token's header, for whoever verifies with what the token brings along
//! (RFC 7515 §4.1.3, CVE-2018-0114).

use std::sync::Arc;

use serde_json::Value;

use super::{Defence, Forge, Forgery, OwnKey, Signer, Token};

/// The name of our key.
pub const KEY_ID: &str = "portcullis";

/// The key pair that is worth trying against this token: of its own kind, or RSA where it has a
/// secret; and another one for the doubt.
pub fn pairs(token: &Token) -> Option<[Arc<OwnKey>; 2]> {
    let algorithm = if token.is_symmetric() { "RS256" } else { token.algorithm() };
    let fresh = || OwnKey::generate(algorithm).map(Arc::new);
    Some([fresh()?, fresh()?])
}

/// With our key's name and with the genuine one; the doubt brings a key that did not sign.
pub fn forgeries(token: &Token, [own, other]: &[Arc<OwnKey>; 2]) -> Vec<Forgery> {
    let genuine = token.key_id().map(str::to_owned);
    let ids = [Some(KEY_ID.to_owned()), genuine];
    let made = |id: String| {
        let header = |key: &OwnKey| {
            let jwk = key.jwk(&id)?;
            let kid = Value::from(id.as_str());
            let alg = Value::from(own.algorithm.as_str());
            Some(token.header_with(&[("alg", alg), ("kid", kid), ("jwk", jwk)]))
        };
        let signer = || Signer::Own(own.clone());
        let forge = Forge { header: header(own)?, signer: signer() };
        let doubt = Forge { header: header(other)?, signer: signer() };
        let what = format!("signed with a key of our own that stands in `jwk`, `kid` `{id}`");
        let forgery = Forgery::new(Defence::EmbeddedKey, what, token.forged(&forge, &[])?);
        Some(Forgery { doubt: token.forged(&doubt, &[]), forge: Some(forge), ..forgery })
    };
    ids.into_iter().flatten().filter_map(made).collect()
}
