//! The secret of HS256, HS384 and HS512, looked for without asking anyone (RFC 8725 §3.5, CWE-521).

use serde_json::Value;

use super::words::WORDS;
use super::{Defence, Forge, Forgery, Key, Signer, Token};

/// A claim that nobody reads, so that the forgery is no copy.
const CLAIM: &str = "portcullis";

/// A token with other claims under the secret that made the genuine signature. `None` if no word
/// fits; `own` are words of this API: its title and its host.
pub fn forgery(token: &Token, own: &[&str]) -> Option<Forgery> {
    let secret = guessed(token, own)?;
    let forge = |secret: Vec<u8>, shown: &str| Forge {
        header: token.header.clone(),
        signer: Signer::Secret {
            algorithm: token.algorithm().to_owned(),
            secret: Key(secret.into()),
            shown: format!("hexkey:$(printf %s \"{shown}\" | basenc --base16 -w0)"),
        },
    };
    let changes = [(CLAIM, Value::from(1))];
    let length = secret.len();
    let known = forge(secret, "$SIGNING_SECRET");
    let what = format!(
        "{} under the secret of {length} characters that signed the genuine token, which every \
         word list has",
        token.algorithm()
    );
    let forgery = Forgery::new(Defence::WeakSecret, what, token.forged(&known, &changes)?);
    let doubt =
        token.forged(&forge(b"portcullis is no key".to_vec(), "portcullis is no key"), &changes);
    Some(Forgery { doubt, forge: Some(known), ..forgery })
}

/// The word that made the signature.
fn guessed(token: &Token, own: &[&str]) -> Option<Vec<u8>> {
    if !token.is_symmetric() {
        return None;
    }
    let known = WORDS.lines().map(str::to_owned);
    let issuer = ["iss", "aud"].into_iter().filter_map(|name| token.claims.get(name)?.as_str());
    let own = own.iter().copied().chain(issuer).flat_map(spellings);
    known.chain(own).map(String::into_bytes).find(|word| token.fits(word))
}

/// A name as people make secrets of it.
fn spellings(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let joined: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let dashed = lower.split_whitespace().collect::<Vec<_>>().join("-");
    let first = lower.split(|one: char| !one.is_alphanumeric()).find(|part| !part.is_empty());
    let mut all = vec![name.to_owned(), lower.clone(), joined, dashed];
    all.extend(first.map(str::to_owned));
    let stems = all.clone();
    for stem in stems.iter().filter(|stem| !stem.is_empty()) {
        for tail in ["secret", "-secret", "_secret", "key", "-key", "_key", "-jwt-secret", "123"] {
            all.push(format!("{stem}{tail}"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::made::token;
    use super::*;

    #[test]
    fn a_common_secret_is_found_for_every_length_of_hash() {
        for algorithm in ["HS256", "HS384", "HS512"] {
            let token = token(algorithm);
            let forgery = forgery(&token, &[]).expect("`hunter2` is in the list");
            let text = forgery.presented.value.expose();
            assert!(!format!("{} {}", forgery.what, forgery.presented.shown).contains("hunter2"));
            let made =
                Token::read(&crate::secret::Secret::new(text.to_owned()), "$X").expect("a token");
            assert!(made.fits(b"hunter2") && made.claims.contains_key(CLAIM));
        }
    }

    #[test]
    fn what_no_list_holds_is_not_found_and_no_other_algorithm_is_tried() {
        assert!(guessed(&token("ES256"), &[]).is_none());
        let words: Vec<_> = WORDS.lines().collect();
        assert!(words.len() >= 200 && words.contains(&"") && words.contains(&"secret"));
    }

    #[test]
    fn the_apis_own_names_are_tried() {
        let all = spellings("Parcel API");
        for expected in ["Parcel API", "parcelapi", "parcel-api", "parcel-secret", "parcel"] {
            assert!(all.iter().any(|one| one == expected), "{expected}");
        }
    }
}
