//! Codes, refresh tokens and revocation, as the hardened twin has them.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::attempts::oauth::{
    REDIRECT_URI, VERIFIER, ask, challenge, code, exchange, redeem, refresh, revoke, session,
};
use crate::bench::Bench;

fn refused(error: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "error": error }))
}

#[tokio::test]
async fn a_code_becomes_a_session_of_who_agreed() {
    let bench = Bench::hardened().await;
    let code = code(&bench).await;
    let (status, session) = redeem(&bench, &code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(bench.json("/v1/account", token).await["id"], "alice");
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_redirect_uri_and_its_client() {
    let bench = Bench::hardened().await;
    let code = code(&bench).await;
    let verifier = ("code_verifier", VERIFIER);
    assert_eq!(redeem(&bench, &code, &[]).await, refused("invalid_grant"));
    let challenge = challenge();
    let other = [("code_verifier", challenge.as_str())];
    assert_eq!(redeem(&bench, &code, &other).await, refused("invalid_grant"));
    let mut form = vec![("grant_type", "authorization_code"), ("code", code.as_str()), verifier];
    assert_eq!(exchange(&bench, &form).await, refused("invalid_grant"));
    form.push(("redirect_uri", REDIRECT_URI));
    let alice = bench.vendor.client("alice").unwrap();
    let request = bench.request(Method::POST, "/oauth/token", "");
    let request = request.basic_auth(&alice.id, Some(&alice.secret)).form(&form);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(exchange(&bench, &form).await.0, StatusCode::OK, "what failed has cost nothing");
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_led_to() {
    let bench = Bench::hardened().await;
    let code = code(&bench).await;
    let verifier = [("code_verifier", VERIFIER)];
    let (_, session) = redeem(&bench, &code, &verifier).await;
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(bench.status("/v1/account", token).await, StatusCode::OK);
    assert_eq!(redeem(&bench, &code, &verifier).await, refused("invalid_grant"));
    assert_eq!(bench.status("/v1/account", token).await, StatusCode::UNAUTHORIZED);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_question_without_a_good_challenge_is_answered_with_an_error() {
    let bench = Bench::hardened().await;
    let challenge = challenge();
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    let unnamed = [("code_challenge", challenge.as_str())];
    for more in [&[][..], &plain, &unnamed] {
        let location = ask(&bench, REDIRECT_URI, more).await;
        assert_eq!(location, format!("{REDIRECT_URI}?error=invalid_request&state=st-1"));
    }
    let good = ("code_challenge", challenge.as_str());
    let greedy = [good, ("code_challenge_method", "S256"), ("scope", "customers:admin")];
    let location = ask(&bench, REDIRECT_URI, &greedy).await;
    assert!(location.contains("error=invalid_scope"), "{location}");
    bench.vendor.stop().await;
}

#[tokio::test]
async fn nobody_is_redirected_to_what_is_not_registered() {
    let bench = Bench::hardened().await;
    for elsewhere in [
        "https://attacker.example/callback",
        "https://app.parcel.example/callback/",
        "https://app.parcel.example/callback?next=1",
        "https://app.parcel.example@attacker.example/callback",
        "",
    ] {
        assert_eq!(ask(&bench, elsewhere, &[]).await, "", "{elsewhere}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn who_asks_for_a_code_must_be_signed_in() {
    let bench = Bench::hardened().await;
    let (alice, challenge) = (bench.vendor.client("alice").unwrap(), challenge());
    let query = [
        ("response_type", "code"),
        ("client_id", alice.id.as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let request = || bench.request(Method::GET, "/oauth/authorize", "").query(&query);
    assert_eq!(request().send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let wrong = request().basic_auth(&alice.id, Some("wrong")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let basic = request().basic_auth(&alice.id, Some(&alice.secret)).send().await.unwrap();
    assert_eq!(basic.status(), StatusCode::SEE_OTHER);
    let location = basic.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with(&format!("{REDIRECT_URI}?code=")), "{location}");
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_refresh_token_is_followed_by_the_next_and_its_replay_ends_them_all() {
    let bench = Bench::hardened().await;
    let (_, first) = session(&bench, "carol").await;
    let (status, answer) = refresh(&bench, &first).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (access, second) =
        (answer["access_token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    assert_eq!(bench.json("/v1/account", access).await["id"], "carol");
    assert_eq!(refresh(&bench, &first).await, refused("invalid_grant"));
    assert_eq!(refresh(&bench, second).await, refused("invalid_grant"));
    assert_eq!(bench.status("/v1/account", access).await, StatusCode::UNAUTHORIZED);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_family_along() {
    let bench = Bench::hardened().await;
    let (access, token) = session(&bench, "carol").await;
    revoke(&bench, "no token at all").await;
    assert_eq!(bench.status("/v1/account", &access).await, StatusCode::OK);
    revoke(&bench, &token).await;
    assert_eq!(bench.status("/v1/account", &access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&bench, &token).await, refused("invalid_grant"));
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_client_revokes_only_its_own() {
    let bench = Bench::hardened().await;
    let token = bench.token("alice");
    for (subject, status) in [("bob", StatusCode::OK), ("alice", StatusCode::UNAUTHORIZED)] {
        let client = bench.vendor.client(subject).unwrap();
        let request = bench.request(Method::POST, "/oauth/revoke", "");
        let request = request.basic_auth(&client.id, Some(&client.secret));
        let answer = request.form(&[("token", token.as_str())]).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(bench.status("/v1/account", &token).await, status, "revoked by {subject}");
    }
    bench.vendor.stop().await;
}
