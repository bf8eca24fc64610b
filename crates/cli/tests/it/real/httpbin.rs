//! httpbin says what it was sent: what the gateway puts in, takes out, masks, and passes on.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::caller::Caller;
use super::team::Team;
use super::vendor::{Vendor, httpbin_document};

const BEARER: &str = "vendor-key-7f3a9c51d2";
const USER: &str = "robot";
const PASSWORD: &str = "battery-staple-19";

const SCOPES: [&str; 9] = [
    "anything:write",
    "authentication:read",
    "cookies:read",
    "data:read",
    "formats:read",
    "inspection:read",
    "methods:write",
    "redirects:read",
    "status:read",
];

fn ticket(service: &str, standard: &str, upstream: &str, more: &str) -> String {
    format!(
        "service: {service}
vendor: httpbin
standard: {standard}
document: {}
environments:
  sandbox: {{upstream: '{upstream}', sandbox: true}}
  production: {{upstream: '{upstream}'}}
intake: {{why: to see what a vendor sees, budget: platform}}
{more}
",
        httpbin_document().display()
    )
}

#[test]
fn httpbin_is_procured_with_bearer_and_basic_and_never_tells_the_credential() {
    let httpbin = Vendor::httpbin();
    let team = Team::assemble();
    team.publish("mock.standard.yaml");
    team.publish("echo.standard.yaml");
    team.dana.ok(&["vendor", "add", "httpbin"]);
    let upstream = httpbin.url();
    refused_where_it_is_unclear(&team, &upstream);
    refused_where_echoes_are(&team, &upstream);

    let bearer = "credential: {kind: bearer}";
    let evaluated = team.evaluate(&ticket("httpbin", "echo", &upstream, bearer));
    team.approve(&evaluated, BEARER);
    let basic = "credential: {kind: basic}\ndata: [personal]";
    let evaluated = team.evaluate(&ticket("httpbin-basic", "echo", &upstream, basic));
    team.approve(&evaluated, &format!("{USER}:{PASSWORD}"));

    // Some of it changes things in production: policy sends it to people.
    let request = team.ask("httpbin", &SCOPES);
    assert_eq!(request["status"], "in review", "{request:#}");
    team.rosa.ok(&["request", "sign", request["id"].as_str().unwrap()]);
    let (token, dana) = team.claim(&request);
    let dana = dana.until_known("/get");
    injected_and_masked(&dana);
    passed_on_whole(&dana, &upstream);
    kept_back(&dana);

    // Personal data, even if it is only read: people again.
    let request = team.ask("httpbin-basic", &["authentication:read", "inspection:read"]);
    assert_eq!(request["status"], "in review", "{request:#}");
    team.rosa.ok(&["request", "sign", request["id"].as_str().unwrap()]);
    let (_, other) = team.claim(&request);
    let other = other.until_known("/ip");
    basic_credentials(&other);
    dana.at(&format!("{}/httpbin-basic/production", team.server.gateway)).get("/ip").is_refused(
        403,
        "out-of-scope",
        "another service",
    );

    let all = ["token", "revoke", "--vendor", "httpbin", "--dry-run"];
    assert_eq!(team.dana.ok(&all)["ended"], json!(2), "the dry run names both");
    team.dana.ok(&["token", "revoke", "--service", "httpbin", "--reason", "ended"]);
    dana.get("/ip").is_refused(401, "revoked", "revoked");
    assert_eq!(other.get("/ip").status, 200, "the other service's token lives");
    let why = team.dana.ok(&["token", "why", &token]);
    assert_eq!(why["status"], "revoked", "{why:#}");
    let secrets = [dana.token.clone(), other.token.clone()];
    assert!(team.close(&[BEARER, PASSWORD, &secrets[0], &secrets[1]]) >= 20);
}

/// The document names two ways to authenticate, and nobody guesses which.
fn refused_where_it_is_unclear(team: &Team, upstream: &str) {
    let file = team.site.file("ticket.yaml", ticket("httpbin", "echo", upstream, ""));
    let refused = team.dana.refused(&["ticket", "open", file.to_str().unwrap()]);
    assert!(refused.contains("several ways to authenticate"), "{refused}");
}

/// The stricter standard finds the echo, and the ticket goes no further.
fn refused_where_echoes_are(team: &Team, upstream: &str) {
    let ticket = team.evaluate(&ticket("httpbin", "mock", upstream, "credential: {kind: bearer}"));
    let criteria = ticket["criteria"].as_array().unwrap();
    let failed: Vec<_> = criteria.iter().filter(|c| c["outcome"] != "passed").collect();
    assert!(failed.len() == 1 && failed[0]["id"] == "credential-echo", "{failed:#?}");
    let id = ticket["id"].as_str().unwrap();
    let refused = team.dana.refused(&["ticket", "submit", id]);
    assert!(refused.contains("criterion-open") && refused.contains("credential-echo"), "{refused}");
    team.dana.ok(&["ticket", "withdraw", id]);
}

fn injected_and_masked(dana: &Caller) {
    let answer = dana.get("/bearer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({ "authenticated": true, "token": "*".repeat(BEARER.len()) }));

    let answer = dana.call(Method::GET, "/headers", |call| {
        call.header("cookie", "session=mine").header("x-forwarded-for", "203.0.113.9")
    });
    let seen = &answer.json()["headers"];
    assert_eq!(seen["Authorization"], format!("Bearer {}", "*".repeat(BEARER.len())));
    assert_eq!((&seen["Cookie"], &seen["X-Forwarded-For"]), (&Value::Null, &Value::Null));
    assert!(!answer.text().contains("pcl_"), "the vendor saw no token of ours");

    let stream = dana.get("/stream/10");
    let lines: Vec<Value> =
        stream.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = lines.iter().filter_map(|line| line["id"].as_u64()).collect();
    assert_eq!(ids, (0..10).collect::<Vec<_>>());
    assert!(!stream.text().contains(BEARER) && stream.text().contains("Bearer ****"));
}

fn passed_on_whole(dana: &Caller, upstream: &str) {
    let parcel = json!({ "parcel": "Zürich ✓", "weight": [1, 2.5, null] });
    let answer = dana.call(Method::POST, "/post", |call| call.json(&parcel));
    assert_eq!((answer.status, &answer.json()["json"]), (200, &parcel));
    let large = "0123456789abcdef".repeat(1 << 16);
    let answer = dana.call(Method::POST, "/anything/large", |call| {
        call.header("content-type", "text/plain").body(large.clone())
    });
    assert!(answer.status == 200 && answer.json()["data"] == large.as_str(), "a MiB and back");
    let bytes = "/bytes/65536?seed=7";
    let direct = dana.at(upstream).bare(Method::GET, bytes, |call| call);
    assert_eq!(dana.get(bytes).body, direct.body);

    let asked = Instant::now();
    assert_eq!(dana.get("/delay/1").status, 200);
    assert!(asked.elapsed() >= Duration::from_secs(1));
    assert_eq!(dana.get("/status/418").status, 418, "the vendor's own status");
    let answer = dana.get("/redirect-to?url=http%3A%2F%2F127.0.0.1%3A9%2Fsecret");
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (302, &"http://127.0.0.1:9/secret".parse().unwrap())
    );
}

/// What the caller must not get, and what cannot be looked through.
fn kept_back(dana: &Caller) {
    let answer = dana.get("/cookies/set/session/vendors");
    assert_eq!((answer.status, answer.headers.get("set-cookie")), (302, None));
    let answer = dana.get("/gzip").text();
    assert!(
        answer.contains("Bearer ****") && !answer.contains(BEARER),
        "asked for plain: {answer}"
    );
    let echoed = dana.get(&format!("/response-headers?x-told={BEARER}"));
    assert_eq!(echoed.headers["x-told"], "*".repeat(BEARER.len()).as_str());
    dana.get("/anything/read").is_refused(403, "out-of-scope", "`anything:read`");
    dana.call(Method::POST, "/status/200", |call| call).is_refused(
        403,
        "out-of-scope",
        "status:write",
    );
    dana.get("/deflate").is_refused(403, "out-of-scope", "no such operation");
}

/// The token stands where the user name or password of the vendor would.
fn basic_credentials(other: &Caller) {
    let pair = format!("/basic-auth/{USER}/{PASSWORD}");
    let hidden = format!("/hidden-basic-auth/{USER}/{PASSWORD}");
    let token = other.token.clone();
    for path in [&pair, &hidden] {
        for (user, password) in [(token.as_str(), ""), ("api", token.as_str())] {
            let answer =
                other.bare(Method::GET, path, |call| call.basic_auth(user, Some(password)));
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(answer.json()["authenticated"], true);
        }
    }
    let answer = other.get("/headers");
    let seen = answer.json()["headers"]["Authorization"].as_str().unwrap().to_owned();
    assert!(seen.starts_with("Basic ****"), "{seen}");
    assert!(!seen.contains("cm9ib3Q6"), "not in base 64 either: {seen}");
    let wrong = other.bare(Method::GET, &pair, |call| call.basic_auth(USER, Some(PASSWORD)));
    wrong.is_refused(401, "unknown", "no token");
}
