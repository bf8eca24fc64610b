//! When a token is believed.

use super::*;

const NOW: i64 = 1_800_000_000;

fn keys() -> TokenKeys {
    TokenKeys::generate("https://issuer.example".to_owned(), &Switches::hardened()).unwrap()
}

fn issued(keys: &TokenKeys, audience: &str, lifetime: i64, scope: &str) -> String {
    keys.sign(&keys.claims("alice", audience, lifetime, scope, NOW).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_believed_within_its_lifetime_only() {
    let keys = keys();
    let hardened = Switches::hardened();
    let token = issued(&keys, AUDIENCE, 300, "account:read");
    let claims = keys.judge(&token, &hardened, NOW).await.unwrap();
    assert_eq!((claims.sub.as_str(), claims.scope.as_str()), ("alice", "account:read"));
    assert_eq!(keys.judge(&token, &hardened, NOW + 300).await, Err(Distrust::Expired));
    assert_eq!(keys.judge(&token, &hardened, NOW - 1).await, Err(Distrust::NotYetValid));
    let ended = issued(&keys, AUDIENCE, -60, "");
    assert_eq!(keys.judge(&ended, &hardened, NOW).await, Err(Distrust::Expired));
}

#[tokio::test]
async fn other_audiences_issuers_keys_and_algorithms_are_refused() {
    let (ours, theirs) = (keys(), keys());
    let hardened = Switches::hardened();
    let elsewhere = issued(&ours, "https://other.example", 300, "");
    assert_eq!(ours.judge(&elsewhere, &hardened, NOW).await, Err(Distrust::OtherAudience));
    let forged = issued(&theirs, AUDIENCE, 300, "");
    assert_eq!(ours.judge(&forged, &hardened, NOW).await, Err(Distrust::BadSignature));
    let body = forged.split('.').nth(1).unwrap();
    for algorithm in ["none", "None", "HS256"] {
        let head = BASE64URL.encode(format!("{{\"alg\":\"{algorithm}\"}}"));
        let judged = ours.judge(&format!("{head}.{body}."), &hardened, NOW).await;
        assert_eq!(judged, Err(Distrust::OtherAlgorithm));
    }
    assert_eq!(ours.judge("no token", &hardened, NOW).await, Err(Distrust::NotAToken));
    let stranger = TokenKeys { issuer: "https://stranger.example".to_owned(), ..ours };
    let token = issued(&stranger, AUDIENCE, 300, "");
    let ours = TokenKeys { issuer: "https://issuer.example".to_owned(), ..stranger };
    assert_eq!(ours.judge(&token, &hardened, NOW).await, Err(Distrust::OtherIssuer));
}

#[test]
fn the_public_key_in_pem_is_the_key_that_verifies() {
    let keys = keys();
    let token = issued(&keys, AUDIENCE, 300, "");
    let key = DecodingKey::from_ec_pem(keys.public_pem().as_bytes()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let good = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, Algorithm::ES256);
    assert!(good.unwrap());
}
