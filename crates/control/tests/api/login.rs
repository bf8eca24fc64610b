//! Logins: a challenge is good once, for one key, for a minute, and nobody can use them up.

use axum::http::StatusCode;
use control::testing::Someone;
use domain::time::Span;

use crate::Site;

#[tokio::test]
async fn a_challenge_is_answered_once() {
    let site = Site::new(1).await;
    let who = site.ledger.operators[0].clone();
    let challenge = site.challenge(&who.public().fingerprint().to_string()).await;
    let stranger = Someone::new(9);
    let (status, _) = site.answer(&stranger, &challenge).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is for another key");
    let (status, opened) = site.answer(&who, &challenge).await;
    assert_eq!(status, StatusCode::OK, "a stranger's try takes nothing away: {opened}");
    let (status, again) = site.answer(&who, &challenge).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(again["reasons"][0]["code"], "signature-expired");
}

#[tokio::test]
async fn a_challenge_lasts_a_minute() {
    let site = Site::new(1).await;
    let who = site.ledger.operators[0].clone();
    let challenge = site.challenge(&who.public().fingerprint().to_string()).await;
    site.place.clock.advance(Span::MINUTE);
    let (status, _) = site.answer(&who, &challenge).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_challenge_is_not_invented() {
    let site = Site::new(1).await;
    let who = site.ledger.operators[0].clone();
    let key = who.public().fingerprint().to_string();
    let given = site.challenge(&key).await;
    for place in [0, 15, 16, 31, 40, 63] {
        let mut nonce = given["nonce"].as_str().unwrap().to_owned();
        let other = if nonce.as_bytes()[place] == b'0' { "1" } else { "0" };
        nonce.replace_range(place..=place, other);
        let statement = given["statement"].as_str().unwrap();
        let statement = statement.replace(given["nonce"].as_str().unwrap(), &nonce);
        let invented = serde_json::json!({ "nonce": nonce, "statement": statement });
        let (status, _) = site.answer(&who, &invented).await;
        assert_eq!(status, StatusCode::CONFLICT, "{place}");
    }
    assert_eq!(site.answer(&who, &given).await.0, StatusCode::OK);
}

#[tokio::test]
async fn strangers_cannot_use_up_the_challenges() {
    let site = Site::new(1).await;
    let who = site.ledger.operators[0].clone();
    let first = site.challenge(&who.public().fingerprint().to_string()).await;
    let nobody = Someone::new(9).public().fingerprint();
    for _ in 0..20_000 {
        site.control.challenge(nobody).unwrap();
    }
    assert_eq!(site.answer(&who, &first).await.0, StatusCode::OK);
    site.session(0).await;
}
