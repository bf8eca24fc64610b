//! The story on PostgreSQL: the tour on a running server, a restart, a backup that verifies.

use std::path::Path;
use std::process::Command;

use control::testing::Cluster;
use portcullis::sign::Signer;
use portcullis::tour::cast::{Player, bring_in};
use serde_json::Value;

use crate::server::{PORTCULLIS, Person, Server, Site, verify};

#[test]
fn the_tour_plays_on_postgresql_and_the_backup_verifies() {
    let cluster = Cluster::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(cluster.database());
    let mut site = Site::new();
    site.database = Some(database.clone());
    let server = site.start();
    let olga = site.operator(&server);
    plays(&server, &olga, "the first");
    plays(&server, &olga, "and another on the same server");

    let people = olga.ok(&["person", "list"]);
    let people = people.as_array().unwrap();
    let demo = |person: &&Value| person["demo"] == true;
    assert_eq!((people.len(), people.iter().filter(demo).count()), (9, 8), "all but olga");
    let folder = site.folder.path().join("demo");
    std::fs::create_dir_all(&folder).unwrap();
    runtime.block_on(demo_people_touch_only_this_machine(&server, &olga, &folder, &site));

    let genesis = server.genesis.clone();
    server.stop();
    let server = site.start();
    assert_eq!(server.genesis, genesis, "it starts again where it was");
    let out = site.folder.path().join("backup");
    let (to, data) = (out.to_str().unwrap().to_owned(), site.data());
    let data = data.to_str().unwrap();
    let done = olga.ok(&["backup", "--database", &database, "--data", data, &to]);
    olga.ok(&["login", &server.url]);
    let head = olga.ok(&["ledger", "show", "--count", "1"]);
    let backed_up = done["entries"].as_u64().unwrap();
    assert_eq!(head["ledger"]["size"], backed_up, "all of it");
    olga.ok(&["vendor", "add", "After the backup"]);
    server.stop();
    let (code, said) = verify(&out, &genesis);
    assert!(code == 0 && said.contains("as pinned") && !said.contains("missing"), "{said}");

    site.database = Some(runtime.block_on(cluster.database()));
    comes_back_from(&site, &olga, &out, (backed_up, &genesis));
}

/// The backup, in a database that had nothing: what is missing is named, and whoever gives it up starts.
fn comes_back_from(site: &Site, olga: &Person, backup: &Path, (size, genesis): (u64, &str)) {
    let (backup, data) = (backup.to_str().unwrap(), site.data());
    let database = site.database.as_deref().unwrap();
    let restore = ["restore", backup, "--data", data.to_str().unwrap(), "--database", database];
    assert_eq!(olga.ok(&restore)["entries"], size);
    let again = olga.run(&restore);
    assert!(String::from_utf8_lossy(&again.stdout).contains("a ledger already"), "{again:?}");

    let Err((code, said)) = site.try_start() else { panic!("it started on less than it had seen") };
    assert_eq!(code, Some(1), "{said}");
    let missing = format!("entries {size} to ");
    for words in ["by the rule `backwards`", &missing, "gateway-watermark` away"] {
        assert_eq!(said.matches(words).count(), 1, "`{words}`: {said}");
    }
    for watermark in ["watermark", "gateway-watermark"] {
        std::fs::remove_file(site.config().join("keys").join(watermark)).unwrap();
    }
    let server = site.start();
    assert_eq!(server.genesis, genesis);
    olga.ok(&["login", &server.url]);
    olga.ok(&["vendor", "add", "After the restore"]);
    server.stop();
}

fn plays(server: &Server, olga: &Person, which: &str) {
    let output = Command::new(PORTCULLIS)
        .args(["--json", "tour", "--against", &server.url, "--operator"])
        .arg(&olga.key)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let steps: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for step in &steps {
        assert_eq!(step["ok"], true, "{which}: {step:#}");
    }
    assert!(output.status.success() && steps.len() >= 20, "{which}: {out}{error}");
}

/// Whoever the tour brings in opens no ticket for anything but loopback, on any server.
async fn demo_people_touch_only_this_machine(
    server: &Server,
    olga: &Person,
    folder: &Path,
    site: &Site,
) {
    let signer = Signer::load(&olga.key).unwrap();
    let operator = Player::enter(&server.url, signer).await.unwrap();
    bring_in(&operator, folder, &server.url, "demi", &["security"]).await.unwrap();
    let demi = Person { config: folder.join("config"), key: folder.join("demi") };
    demi.ok(&["login", &server.url]);
    demi.ok(&["vendor", "add", "Outside"]);
    let document = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},
        "paths":{"/things":{"get":{"responses":{"200":{"description":"all"}}}}}}"#;
    site.file("outside.json", document);
    let ticket = |upstream: &str| {
        format!(
            "{{service: outside, vendor: Outside, document: outside.json, \
             credential: {{kind: bearer}}, intake: {{why: a try, budget: nobody}}, \
             environments: {{sandbox: {{upstream: '{upstream}', sandbox: true}}}}}}"
        )
    };
    let file = site.file("outside.yaml", ticket("https://api.example.com"));
    let refused = demi.refused(&["ticket", "open", file.to_str().unwrap()]);
    assert!(refused.contains("demo-person"), "{refused}");
    let file = site.file("outside.yaml", ticket("https://127.0.0.1:9"));
    demi.ok(&["ticket", "open", file.to_str().unwrap()]);
}
