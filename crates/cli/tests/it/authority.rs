//! Acts of authority by verb: keys and machines come and go, settings change, a second operator signs.

use serde_json::Value;

use crate::server::{Person, Site};

fn machines(person: &Person, kind: &str) -> Vec<Value> {
    let all = person.ok(&["machine", "list"]);
    let all = all.as_array().unwrap().clone();
    all.into_iter().filter(|machine| machine["kind"] == kind).collect()
}

#[test]
fn keys_machines_and_settings_are_operators_to_change() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let rosa = site.person(&server, &olga, "rosa", &["security"]);
    let spare = site.folder.path().join("spare");
    portcullis::up::genesis::make_ssh_key(&spare).unwrap();
    let public = spare.with_extension("pub");
    olga.ok(&["person", "key", "add", "rosa", public.to_str().unwrap()]);
    let keys = olga.ok(&["person", "key", "list", "rosa"]);
    assert_eq!(keys.as_array().unwrap().len(), 2, "{keys:#}");
    let old = rosa.key.with_extension("pub");
    olga.ok(&["person", "key", "retire", old.to_str().unwrap()]);
    let left = olga.ok(&["person", "key", "list", "rosa"]);
    assert_eq!(left.as_array().unwrap().len(), 1, "{left:#}");
    assert_eq!(rosa.run(&["whoami"]).status.code(), Some(1), "her session went with the key");
    rosa.refused(&["login", &server.url]);
    let rosa = Person { config: rosa.config, key: spare };
    rosa.ok(&["login", &server.url]);

    let other = Site::new();
    other.start().stop();
    let elsewhere = Person { config: other.config(), key: olga.key.clone() };
    let identity = elsewhere.ok(&["machine", "identity"]);
    let file = site.file("host.json", identity.to_string());
    olga.ok(&["machine", "enroll", "runner", file.to_str().unwrap()]);
    let runners = machines(&olga, "runner");
    let new = identity["runner"]["runner"].as_str().unwrap();
    assert!(runners.len() == 2 && runners.iter().any(|runner| runner["id"] == new));
    olga.ok(&["machine", "retire", new]);
    let retired = |one: &&Value| one["retired"].is_u64();
    assert_eq!(machines(&olga, "runner").iter().filter(retired).count(), 1);
    let node = machines(&olga, "node")[0]["id"].as_str().unwrap().to_owned();
    let last = olga.refused(&["machine", "retire", &node]);
    assert!(last.contains("last control node"), "{last}");
    rosa.refused(&["settings", "set", "--staleness", "30s"]);
}

#[test]
fn a_second_operator_reads_the_act_and_signs_it() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let otto = site.person(&server, &olga, "otto", &["operator"]);
    assert_eq!(olga.ok(&["settings", "show"])["quorum"], 2);
    let waiting = olga.ok(&["settings", "set", "--staleness", "30s"]);
    assert!(waiting["waiting"].is_string(), "{waiting:#}");
    assert_eq!(olga.ok(&["settings", "show"])["staleness"], "1m", "one of two has signed");
    let output = otto.answer(&["act", "sign"], "y\n");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for shown in ["settings-set", "2 operators sign", "admits nothing 30s after"] {
        assert!(said.contains(shown), "{said}");
    }
    assert_eq!(olga.ok(&["settings", "show"])["staleness"], "30s");
    assert_eq!(olga.ok(&["settings", "show"])["quorum"], 2, "what was not named stays");
}
