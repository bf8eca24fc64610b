//! What all forgeries have in common.

use super::made::{credential, token};
use super::*;

fn text(presented: &Presented) -> String {
    presented.value.expose().to_owned()
}

fn every_forgery(token: &Token) -> Vec<Forgery> {
    let mut all = unsigned::forgeries(token);
    all.extend(signature::forgeries(token).0);
    all.extend(signature::null(token));
    all.extend(key_id::forgeries(token));
    let pairs = embedded::pairs(token).expect("keys");
    all.extend(embedded::forgeries(token, &pairs));
    let forge = Forge { header: token.header.clone(), signer: Signer::Own(pairs[0].clone()) };
    all.extend(claims::forgeries(token, &forge, 1_950_000_000));
    all
}

#[test]
fn every_forgery_is_a_token_and_none_is_the_genuine_one() {
    for algorithm in ["ES256", "HS256"] {
        let genuine = credential(algorithm);
        let all = every_forgery(&token(algorithm));
        assert!(all.len() > 20, "{}", all.len());
        for forgery in all {
            let made = text(&forgery.presented);
            let parts = if forgery.what.contains("cut off") { 2 } else { 3 };
            assert_eq!(made.split('.').count(), parts, "{}", forgery.what);
            assert_ne!(made, genuine.expose(), "{}", forgery.what);
            let doubt = forgery.doubt.as_ref().map(text);
            assert_ne!(doubt.as_deref(), Some(made.as_str()), "{}", forgery.what);
        }
    }
}

#[test]
fn what_evidence_shows_holds_nothing_of_the_token() {
    let genuine = credential("ES256");
    let payload = genuine.expose().split('.').nth(1).expect("a payload").to_owned();
    for forgery in every_forgery(&token("ES256")) {
        let shown = &forgery.presented.shown;
        assert!(!shown.contains(&payload), "{}", forgery.what);
        assert!(shown.contains("$A") || shown == "$FORGED_TOKEN", "{shown}");
    }
}

#[test]
fn a_forger_keeps_what_he_does_not_mean_to_change() {
    let token = token("ES256");
    let forgery = &embedded::forgeries(&token, &embedded::pairs(&token).expect("keys"))[0];
    let read = Token::read(&forgery.presented.value, "$X").expect("a token");
    assert_eq!(read.claims, token.claims);
    assert_eq!(read.header["typ"], "JWT");
    assert_eq!(read.header["jwk"]["kty"], "EC");
}

#[test]
fn times_and_names_are_changed_only_where_the_token_has_them() {
    let mut token = token("ES256");
    let forge = Forge { header: token.header.clone(), signer: Signer::Kept };
    let now = 1_950_000_000;
    let defences = |token: &Token| {
        let all = claims::forgeries(token, &forge, now);
        all.into_iter().map(|one| one.defence).collect::<Vec<_>>()
    };
    let all = [Defence::Expiry, Defence::NotBefore, Defence::Audience, Defence::Issuer];
    assert_eq!(defences(&token), all);
    for claim in ["nbf", "aud", "iss"] {
        token.claims.remove(claim);
    }
    assert_eq!(defences(&token), [Defence::Expiry]);
    let expired = &claims::forgeries(&token, &forge, now)[0];
    let read = Token::read(&expired.presented.value, "$X").expect("a token");
    assert!(read.time("exp").is_some_and(|end| end < now) && read.time("nbf").is_none());
}

#[test]
fn a_token_is_found_where_it_stands() {
    let bare = credential("ES256");
    for (before, after) in [("Token ", ""), ("a=b; session=", "; c=d.e"), ("\"", "\"")] {
        let around = Secret::new(format!("{before}{}{after}", bare.expose()));
        let token = Token::read(&around, "$A").expect("a token");
        for forgery in unsigned::forgeries(&token) {
            let made = text(&forgery.presented);
            assert!(made.starts_with(before) && made.ends_with(after), "{made}");
        }
    }
}

#[test]
fn what_is_no_signed_token_is_opaque() {
    for text in ["parcel_live_abc", "a.b.c", "a.b", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(Token::read(&Secret::new(text.to_owned()), "$A").is_none(), "{text}");
    }
}
