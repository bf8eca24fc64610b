//! Finds the order's credentials in what servers send back, to report that and to mask them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use std::sync::{PoisonError, RwLock};

use crate::live::request::escape;
use crate::order::{Credentials, Placement};
use crate::secret::Secret;

/// A shorter credential occurs in answers by chance, so finding it proves nothing.
const LEAST_TELLING: usize = 8;
/// A segment of a JSON Web Token shorter than this is not masked or looked for by itself.
const LEAST_SEGMENT: usize = 16;

struct Needle {
    text: Secret,
    stands_for: String,
}

/// Knows every form in which a credential may come back: the order's, and what the scan got or
/// made up on its way.
pub struct Mask {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// The longest first.
    needles: Vec<Needle>,
    telling: Vec<Secret>,
}

impl Mask {
    /// Prepares the forms of all credentials of the order.
    pub fn new(credentials: &Credentials) -> Self {
        let mask = Self { known: RwLock::default() };
        for (field, secret) in credentials.named() {
            mask.learn(secret, variable(field), &credentials.placement);
        }
        let client = credentials.oauth.as_ref().and_then(|client| client.client_secret.as_ref());
        if let Some(secret) = client {
            mask.learn(secret, "$CLIENT_SECRET", &Placement::Bearer);
        }
        let logins = &credentials.logins;
        let logins = [("$A", &logins.a), ("$B", &logins.b), ("$ADMIN", &logins.admin)];
        for (name, login) in logins {
            if let Some(login) = login {
                mask.learn(&login.password, &format!("{name}_PASSWORD"), &Placement::Bearer);
            }
        }
        mask
    }

    /// From now on this is shown as `name`, for instance `$B`. The first name of a secret stays.
    /// What goes by the name `$A` is also what [`betrays`](Self::betrays) looks for.
    pub fn learn(&self, secret: &Secret, name: &str, placement: &Placement) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for text in forms(secret.expose(), placement) {
            if known.needles.iter().all(|needle| needle.text.expose() != text) {
                known.needles.push(Needle { text: Secret::new(text), stands_for: name.to_owned() });
            }
        }
        known.needles.sort_by_key(|needle| std::cmp::Reverse(needle.text.expose().len()));
        if name == "$A" {
            known.telling = telling(secret, placement);
        }
    }

    /// The text with every credential replaced by its name. `also` are forged credentials of the
    /// request at hand with their shell expressions.
    pub fn apply(&self, text: &str, also: Option<(&Secret, &str)>) -> String {
        self.replaced(text, also, &|name| name.to_owned())
    }

    /// The same for a shell command in which every text stands in single quotes: the names stand
    /// outside of them, so that the shell fills them in.
    pub fn apply_quoted(&self, command: &str) -> String {
        self.replaced(command, None, &|name| format!(r#"'"{name}"'"#))
    }

    fn replaced(
        &self,
        text: &str,
        also: Option<(&Secret, &str)>,
        put: &dyn Fn(&str) -> String,
    ) -> String {
        let mut masked = text.to_owned();
        if let Some((secret, shown)) = also {
            masked = masked.replace(secret.expose(), shown);
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for needle in &known.needles {
            if masked.contains(needle.text.expose()) {
                masked = masked.replace(needle.text.expose(), &put(&needle.stands_for));
            }
        }
        masked
    }

    /// True if A's valid credential, in any of its forms, is in the text.
    pub fn betrays(&self, text: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.telling.iter().any(|secret| text.contains(secret.expose()))
    }

    /// False if there is no credential, or one so short that it occurs by chance.
    pub fn can_tell(&self) -> bool {
        !self.known.read().unwrap_or_else(PoisonError::into_inner).telling.is_empty()
    }
}

/// The environment variable that stands for a credential of the order.
pub fn variable(field: &str) -> &'static str {
    match field {
        "second" => "$B",
        "admin" => "$ADMIN",
        "expired" => "$EXPIRED",
        "wrong_audience" => "$WRONG_AUDIENCE",
        "not_yet_valid" => "$NOT_YET_VALID",
        "wrong_issuer" => "$WRONG_ISSUER",
        _ => "$A",
    }
}

/// As given, as in a URL, as in Base64, as in JSON; the password alone; the parts of a token that
/// would let somebody put it together again.
fn forms(secret: &str, placement: &Placement) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        escape(secret),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret.replace('\\', "\\\\").replace('"', "\\\""),
    ];
    if let (Placement::Basic, Some((_, password))) = (placement, secret.split_once(':')) {
        forms.push(password.to_owned());
    }
    // A scheme before it, as in `Token abc`: what comes back need not have it.
    if let Some((_, bare)) = secret.split_once(' ').filter(|(_, bare)| bare.len() >= LEAST_TELLING)
    {
        forms.push(bare.to_owned());
    }
    let segments: Vec<_> = secret.split('.').collect();
    if let [_, payload, signature] = segments.as_slice() {
        let long = [payload, signature].into_iter().filter(|part| part.len() >= LEAST_SEGMENT);
        forms.extend(long.map(|part| (*part).to_owned()));
    }
    forms.retain(|form| !form.is_empty());
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn telling(token: &Secret, placement: &Placement) -> Vec<Secret> {
    let mut forms = forms(token.expose(), placement);
    // The payload of a token is no credential: an answer may repeat claims without the signature.
    if let [_, payload, _] = token.expose().split('.').collect::<Vec<_>>().as_slice() {
        forms.retain(|form| form != payload);
    }
    let long = forms.into_iter().filter(|form| form.len() >= LEAST_TELLING);
    long.map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(token: &str, placement: Placement) -> Mask {
        let token = Some(Secret::new(token.to_owned()));
        Mask::new(&Credentials { token, placement, ..Credentials::default() })
    }

    #[test]
    fn every_form_is_masked_and_told() {
        let mask = mask("user:pass word+1", Placement::Basic);
        for form in
            ["user:pass word+1", "user%3Apass%20word%2B1", "dXNlcjpwYXNzIHdvcmQrMQ", "pass word+1"]
        {
            let text = format!("before {form} after");
            assert!(mask.betrays(&text), "{form}");
            assert!(mask.apply(&text, None).starts_with("before $A"), "{form}");
        }
        assert!(!mask.betrays("user"));
    }

    #[test]
    fn a_token_is_told_by_its_signature_and_not_by_its_claims() {
        let mask = mask(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
            Placement::Bearer,
        );
        assert!(mask.betrays("…c2lnbmF0dXJlLXNpZ25hdHVyZQ…"));
        assert!(!mask.betrays("…eyJzdWIiOiJhbGljZSJ9…"));
        assert_eq!(mask.apply("eyJzdWIiOiJhbGljZSJ9", None), "$A");
    }

    #[test]
    fn a_short_credential_proves_nothing_and_is_masked_all_the_same() {
        let mask = mask("k3y", Placement::Bearer);
        assert!(!mask.can_tell());
        assert_eq!(mask.apply("a k3y b", None), "a $A b");
    }
}
