//! GitHub's REST API: a description of 13 MB, a sandbox that Prism serves, one read scope.

use reqwest::Method;
use serde_json::Value;

use super::team::Team;
use super::vendor::{Vendor, github_document};

/// What the gateway puts into calls. Prism takes any bearer token, and none for granted.
const CREDENTIAL: &str = "github_pat_of_the_whole_company";

fn ticket(upstream: &str) -> String {
    format!(
        "service: github
vendor: GitHub
standard: mock
document: {}
environments:
  sandbox: {{upstream: '{upstream}', sandbox: true}}
  production: {{upstream: '{upstream}'}}
intake: {{why: the weekly report on our repositories, budget: platform}}
",
        github_document().display()
    )
}

#[test]
fn githubs_api_is_procured_called_in_one_scope_and_revoked() {
    let prism = Vendor::github();
    let team = Team::assemble();
    team.publish("mock.standard.yaml");
    team.dana.ok(&["vendor", "add", "GitHub"]);
    let upstream = prism.url();
    let evaluated = team.evaluate(&ticket(&upstream));
    team.approve(&evaluated, CREDENTIAL);
    offers_all_of_it(&team);

    let request = team.ask("github", &["repos:read"]);
    assert_eq!(request["status"], "granted", "{request:#}");
    let (token, dana) = team.claim(&request);
    let dana = dana.until_known("/repos/octocat/hello-world");
    let mut calls = 1;

    // Without a credential the vendor admits nobody: what passes below passes by the injected one.
    let direct = dana.at(&upstream).bare(Method::GET, "/repos/octocat/hello-world", |call| call);
    assert_eq!(direct.status, 401);
    for path in [
        "/repos/octocat/hello-world",
        "/repos/octocat/hello-world/languages",
        "/repos/octocat/hello-world/compare/main...topic",
    ] {
        let answer = dana.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.json().is_object() && !answer.text().contains(CREDENTIAL));
        calls += 1;
    }
    let as_github_wants_it = format!("token {}", dana.token);
    let answer = dana.bare(Method::GET, "/repos/octocat/hello-world", |call| {
        call.header("authorization", as_github_wants_it)
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
    let missing = dana
        .call(Method::GET, "/repos/octocat/hello-world", |call| call.header("prefer", "code=404"));
    assert_eq!(
        (missing.status, missing.json().get("code")),
        (404, None),
        "the vendor's own answer"
    );
    calls += 2;

    for (method, path, says) in [
        (Method::GET, "/repos/octocat/hello-world/issues", "`issues:read`"),
        (Method::DELETE, "/repos/octocat/hello-world", "`repos:write`"),
        (Method::GET, "/repos/octocat", "no such operation"),
        (Method::POST, "/emojis", "no such operation"),
        (Method::GET, "/repos/octocat%2Fhello-world/languages", "path-encoded-slash"),
        (Method::GET, "/repos/octocat//languages", "path-empty-segment"),
        (Method::GET, "/repos/octocat/hello-world;x/languages", "path-parameter"),
    ] {
        dana.call(method, path, |call| call).is_refused(403, "out-of-scope", says);
    }
    let sandbox = format!("{}/github/sandbox", team.server.gateway);
    dana.at(&sandbox).get("/repos/octocat/hello-world").is_refused(403, "out-of-scope", "another");
    let nobody = dana.bare(Method::GET, "/repos/octocat/hello-world", |call| call);
    nobody.is_refused(401, "unknown", "no token");

    let revoked = team.dana.ok(&["token", "revoke", &token, "--reason", "compromised"]);
    assert_eq!(revoked["receipts"].as_array().map(Vec::len), Some(1), "{revoked:#}");
    dana.get("/repos/octocat/hello-world").is_refused(401, "revoked", "revoked");
    let secret = dana.token.clone();
    assert!(team.close(&[CREDENTIAL, &secret]) >= calls);
}

/// Every operation of the document's server is in exactly one scope, reading apart from writing. Of 1,223
/// one is left out: releases are uploaded to `uploads.github.com`.
fn offers_all_of_it(team: &Team) {
    let service = team.dana.ok(&["service", "show", "github"]);
    let scopes = service["scopes"].as_array().unwrap();
    let counted: u64 = scopes.iter().filter_map(|scope| scope["operations"].as_u64()).sum();
    assert_eq!((service["operations"].as_u64(), counted), (Some(1_222), 1_222));
    let find = |name: &str| scopes.iter().find(|scope| scope["name"] == name).unwrap();
    assert!(find("repos:read")["operations"].as_u64() > Some(80), "{}", find("repos:read"));
    assert_eq!(find("repos:read")["sensitive"], Value::Bool(false));
    assert!(scopes.iter().any(|scope| scope["name"] == "issues:write"));
}
