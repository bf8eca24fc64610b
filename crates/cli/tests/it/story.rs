//! The whole story by hand, as a team would play it, and the tour.

use std::process::Command;

use serde_json::Value;

use crate::server::{PORTCULLIS, Site, verify};

#[test]
fn the_tour_behaves_at_every_step() {
    let kept = tempfile::tempdir().unwrap();
    let data = kept.path().join("tour");
    let output =
        Command::new(PORTCULLIS).args(["--json", "tour", "--data"]).arg(&data).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let steps: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for step in &steps {
        assert_eq!(step["ok"], true, "{step:#}");
    }
    assert!(output.status.success() && steps.len() >= 25, "{out}");
    let genesis = std::fs::read_to_string(data.join("config").join("genesis")).unwrap();
    let (code, said) = verify(&data.join("data"), genesis.trim());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_server_starts_again_where_it_was_and_knows_its_people() {
    let site = Site::new();
    let server = site.start();
    let operator = site.operator(&server);
    let rosa = site.person(&server, &operator, "rosa", &["security"]);
    let me = rosa.ok(&["whoami"]);
    assert_eq!((&me["name"], &me["roles"][0]), (&"rosa".into(), &"security".into()));
    let genesis = server.genesis.clone();
    server.stop();
    let (code, said) = verify(&site.data(), &genesis);
    assert_eq!(code, 0, "{said}");
    let again = site.start();
    assert_eq!(again.genesis, genesis);
    rosa.ok(&["login", &again.url]);
    let refused = rosa.refused(&["person", "offboard", "olga"]);
    assert!(refused.contains("role-needed") || refused.contains("operator"), "{refused}");
}

#[test]
fn a_server_refuses_keys_that_its_ledger_does_not_know() {
    let site = Site::new();
    site.start().stop();
    std::fs::rename(site.config(), site.folder.path().join("lost")).unwrap();
    let output = site.up().output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it started: {said}");
    assert!(said.contains("not those of this ledger"), "{said}");
}

#[test]
fn a_service_account_does_nothing_without_somebody_who_answers_for_it() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    site.person(&server, &olga, "rosa", &[]);
    let agent = site.person(&server, &olga, "build-agent", &[]);
    let public = site.folder.path().join("people/rosa/id.pub");
    let add = ["person", "add", "x", "--workload", "--public-key", public.to_str().unwrap()];
    let said = olga.run(&add);
    assert_eq!(said.status.code(), Some(2), "{}", String::from_utf8_lossy(&said.stderr));
    olga.ok(&["person", "responsible", "build-agent", "rosa"]);
    assert_eq!(agent.ok(&["whoami"])["responsible"]["name"], "rosa");
    olga.ok(&["person", "offboard", "rosa"]);
    assert!(!agent.run(&["whoami"]).status.success());
    olga.ok(&["person", "responsible", "build-agent", "olga"]);
    agent.ok(&["whoami"]);
}
