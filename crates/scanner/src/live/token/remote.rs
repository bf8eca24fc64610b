//! A key of our own at an address that the token names (`jku` and `x5u`, RFC 7515 §4.1.2 and §4.1.5).

use std::sync::Arc;

use serde_json::{Value, json};

use super::embedded::KEY_ID;
use super::{Defence, Forge, Forgery, OwnKey, Signer, Token};
use crate::live::witness::Witness;

/// Where the listener serves our key, and where another one.
const OWN: &str = "/portcullis/jwks.json";
const OTHER: &str = "/portcullis/other.json";
const CHAIN: &str = "/portcullis/chain.pem";

/// What the listener is to serve.
pub fn pages(token: &Token, [own, other]: &[Arc<OwnKey>; 2]) -> Vec<(String, String)> {
    let set = |key: &OwnKey| {
        let ids = [Some(KEY_ID), token.key_id()];
        let keys: Vec<_> = ids.into_iter().flatten().filter_map(|id| key.jwk(id)).collect();
        json!({ "keys": keys }).to_string()
    };
    vec![
        (OWN.to_owned(), set(own)),
        (OTHER.to_owned(), set(other)),
        (CHAIN.to_owned(), String::new()),
    ]
}

/// With our key's name and with the genuine one; the doubt names a place with a key that did not
/// sign. Last a certificate's address, which is only there to be asked for.
pub fn forgeries(token: &Token, [own, _]: &[Arc<OwnKey>; 2], witness: &Witness) -> Vec<Forgery> {
    let forge = |member: &'static str, path: &str, id: &str| Forge {
        header: token.header_with(&[
            ("alg", Value::from(own.algorithm.as_str())),
            ("kid", Value::from(id)),
            (member, Value::from(witness.address_of(path))),
        ]),
        signer: Signer::Own(own.clone()),
    };
    let ids = [Some(KEY_ID), token.key_id()];
    let mut all: Vec<_> = ids
        .into_iter()
        .flatten()
        .filter_map(|id| {
            let forge_of_key = forge("jku", OWN, id);
            let what = format!("signed with a key of our own that `jku` names, `kid` `{id}`");
            let presented = token.forged(&forge_of_key, &[])?;
            let doubt = token.forged(&forge("jku", OTHER, id), &[]);
            let forgery = Forgery::new(Defence::RemoteKey, what, presented);
            Some(Forgery { doubt, forge: Some(forge_of_key), ..forgery })
        })
        .collect();
    all.extend(disguised(token, own, witness));
    let chain = token.forged(&forge("x5u", CHAIN, KEY_ID), &[]);
    let what = "signed with a key of our own, `x5u` names a place without a certificate";
    let doubt = token.forged(&forge("x5u", OTHER, KEY_ID), &[]);
    all.extend(
        chain.map(|presented| Forgery {
            doubt,
            ..Forgery::new(Defence::RemoteKey, what, presented)
        }),
    );
    all
}

/// Where the genuine token names an address too: ours with that host's name in it, for verifiers that
/// look for the name and not at the host.
fn disguised(token: &Token, own: &Arc<OwnKey>, witness: &Witness) -> Vec<Forgery> {
    let genuine = token.header.get("jku").and_then(Value::as_str);
    let Some(host) =
        genuine.and_then(|url| Some(url::Url::parse(url).ok()?.host_str()?.to_owned()))
    else {
        return Vec::new();
    };
    let (ours, other) = (witness.address_of(OWN), witness.address_of(OTHER));
    let id = token.key_id().unwrap_or(KEY_ID);
    let forge = |address: String| Forge {
        header: token.header_with(&[
            ("alg", Value::from(own.algorithm.as_str())),
            ("kid", Value::from(id)),
            ("jku", Value::from(address)),
        ]),
        signer: Signer::Own(own.clone()),
    };
    let forms: [fn(&str, &str) -> String; 3] = [
        |ours, host| format!("{ours}?{host}"),
        |ours, host| format!("{ours}#{host}"),
        |ours, host| ours.replacen("://", &format!("://{host}@"), 1),
    ];
    let made = forms.into_iter().filter_map(|form| {
        let forge_of_key = forge(form(&ours, &host));
        let what = format!("signed with a key of our own at an address that holds `{host}`");
        let presented = token.forged(&forge_of_key, &[])?;
        let doubt = token.forged(&forge(form(&other, &host)), &[]);
        let forgery = Forgery::new(Defence::RemoteKey, what, presented);
        Some(Forgery { doubt, forge: Some(forge_of_key), ..forgery })
    });
    made.collect()
}

/// The members whose addresses the target fetched.
pub fn fetched(witness: &Witness) -> Vec<&'static str> {
    let asked = |paths: &[&str]| paths.iter().any(|path| witness.was_asked(path));
    let members = [("jku", asked(&[OWN, OTHER])), ("x5u", asked(&[CHAIN]))];
    members.into_iter().filter(|(_, asked)| *asked).map(|(member, _)| member).collect()
}
