//! The whole story by hand, as a team would play it, and the tour.

use std::process::Command;

use serde_json::Value;

use crate::server::{PORTCULLIS, Server, Site, verify};

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
fn what_counted_at_genesis_is_refused_later_unless_it_is_the_same() {
    let site = Site::new();
    site.start().stop();
    let operator = site.config().join("operator_ed25519.pub");
    let other = site.folder.path().join("other");
    portcullis::up::genesis::make_ssh_key(&other).unwrap();
    let other = other.with_extension("pub");
    let [operator, other] = [&operator, &other].map(|path| path.to_str().unwrap());
    for (option, value, then) in [
        ("--origin", "other.example", "this ledger is `portcullis.local` for ever"),
        ("--operator-key", other, "`portcullis person key add`"),
        ("--operator", "otto", "the first operator is `olga`"),
    ] {
        let Err((code, said)) = Server::ready(site.up_by(&[option, value])) else {
            panic!("it started with `{option} {value}`");
        };
        assert_eq!(code, Some(2), "{option}: {said}");
        assert!(said.contains(&format!("`{option} {value}`")) && said.contains(then), "{said}");
    }
    let same = ["--origin", "portcullis.local", "--operator-key", operator, "--operator", "olga"];
    Server::ready(site.up_by(&same)).map_err(|(_, said)| said).unwrap().stop();
}

#[test]
fn log_lines_in_a_file_have_no_colours() {
    let site = Site::new();
    let log = site.folder.path().join("log");
    let mut up = site.up();
    up.env("PORTCULLIS_LOG", "debug").env_remove("NO_COLOR");
    up.stderr(std::fs::File::create(&log).unwrap());
    Server::ready(up).map_err(|(_, said)| said).unwrap().stop();
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(lines.contains(" DEBUG ") && !lines.contains('\u{1b}'), "{lines}");
}

#[test]
fn a_login_without_a_url_goes_where_the_last_one_went() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let output = olga.answer(&["login"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("logging in at {}", server.url)), "{said}");
}

#[test]
fn without_a_directory_the_servers_own_is_verified_and_one_is_not_many() {
    let site = Site::new();
    site.start().stop();
    let share = site.folder.path().join("share");
    std::fs::create_dir(&share).unwrap();
    std::os::unix::fs::symlink(site.data(), share.join("portcullis")).unwrap();
    let mut verify = Command::new(PORTCULLIS);
    verify.args(["ledger", "verify"]).env("XDG_DATA_HOME", &share).env_remove("PORTCULLIS_DATA");
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("verified: 1 entry in 1 attested batch\n"), "{said}");
    assert!(said.contains(&share.join("portcullis").display().to_string()), "{said}");
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
