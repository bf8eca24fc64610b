//! A backup of a server at work: consistent, verified, and of no use to whoever wants to log in or sign.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use control::keys::KeyDirectory;
use portcullis::client::{Client, encode};
use portcullis::home::Home;
use serde_json::{Value, json};

use crate::server::{Person, Site, holding, verify};

/// Backups that are made while people work.
const BACKUPS: usize = 4;
/// People who work meanwhile.
const BUSY: usize = 4;

#[test]
fn a_backup_of_a_busy_server_verifies_and_holds_no_session_and_no_key() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..BUSY)
        .map(|who| runtime.spawn(work(client(&olga), who, stop.clone(), done.clone())))
        .collect();
    let mut last = 0;
    for number in 0..BACKUPS {
        let before = done.load(Ordering::SeqCst);
        let out = site.folder.path().join(format!("backup-{number}"));
        let data = site.data();
        let args = ["backup", "--data", data.to_str().unwrap(), out.to_str().unwrap()];
        let copied = olga.ok(&args)["entries"].as_u64().unwrap();
        assert!(copied >= before && copied > last, "what was acknowledged before is in it");
        last = copied;
        let (code, said) = verify(&out, &server.genesis);
        assert_eq!(code, 0, "{said}");
        holds_nothing_secret(&site, &olga, &out);
    }
    stop.store(true, Ordering::SeqCst);
    for worker in workers {
        runtime.block_on(worker).unwrap();
    }
    let again = ["backup", "--data", site.data().to_str().unwrap(), site.data().to_str().unwrap()]
        .map(str::to_owned);
    let output = olga.run(&again.each_ref().map(String::as_str));
    assert!(!output.status.success(), "it never writes over what is there");
}

fn client(person: &Person) -> Client {
    Client::from_session(&Home { config: person.config.clone() }).unwrap()
}

/// Adds vendors, opens tickets for them and withdraws those, until told to stop; counts what was acknowledged.
async fn work(client: Client, who: usize, stop: Arc<AtomicBool>, done: Arc<AtomicU64>) {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        let name = format!("busy-{who}-{number}");
        let vendor: Value = client.post("/v1/vendors", &json!({ "name": name })).await.unwrap();
        let path = format!("/things-{who}-{number}");
        let answers = json!({ "200": { "description": "all" } });
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": name, "version": "1" },
            "paths": { path: { "get": { "responses": answers } } },
        });
        let sandbox = json!({ "upstream": "https://127.0.0.1:9", "sandbox": true });
        let terms = json!({
            "credential": { "kind": "bearer" },
            "document": encode(document.to_string().as_bytes()),
            "environments": { "sandbox": sandbox },
            "intake": { "why": "to be busy", "budget": "nobody" },
        });
        let wish = json!({
            "name": name, "vendor": vendor["id"], "standard": "baseline", "terms": terms,
        });
        let ticket: Value = client.post("/v1/tickets", &wish).await.unwrap();
        let withdraw = format!("/v1/tickets/{}/withdraw", ticket["id"].as_str().unwrap());
        let _: Value = client.post(&withdraw, &json!({})).await.unwrap();
        done.fetch_add(3, Ordering::SeqCst);
    }
}

fn holds_nothing_secret(site: &Site, olga: &Person, out: &Path) {
    let session = std::fs::read(olga.config.join("session.json")).unwrap();
    let session: Value = serde_json::from_slice(&session).unwrap();
    let session = session["session"].as_str().unwrap();
    let vault = KeyDirectory::open(&olga.config.join("keys"), None).unwrap().vault().unwrap();
    let mark = vault.mark(session).unwrap().0;
    assert!(holding(&site.data(), &mark).is_some(), "the server knows its session");
    assert_eq!(holding(out, &mark), None, "the backup does not");
    assert_eq!(holding(out, session.as_bytes()), None);
    for name in ["node", "gateway", "sealing", "runner", "log", "vault"] {
        let file = olga.config.join("keys").join(format!("{name}.key"));
        let text = std::fs::read_to_string(file).unwrap();
        let key = text.trim().split(' ').next_back().unwrap();
        let raw = BASE64.decode(key).unwrap();
        let spelled = [raw.clone(), key.into(), hex::encode(&raw).into_bytes()];
        spelled.iter().for_each(|key| assert_eq!(holding(out, key), None, "the {name} key"));
    }
    let private = std::fs::read_to_string(&olga.key).unwrap();
    let line = private.lines().nth(3).unwrap();
    assert_eq!(holding(out, line.as_bytes()), None, "nor anybody's SSH key");
}

/// Two servers would speak as one gateway, and either's word would stand for the other.
#[test]
fn a_second_server_on_the_same_directory_does_not_start() {
    let site = Site::new();
    let server = site.start();
    let Err((code, said)) = site.try_start() else { panic!("two servers run") };
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("a server runs on") && said.contains("--data"), "{said}");
    drop(server);
    site.start();
}

#[test]
fn a_port_that_is_taken_leaves_no_ledger_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--listen", "--gateway"] {
        let site = Site::new();
        let mut command = std::process::Command::new(crate::server::PORTCULLIS);
        command.arg("--config").arg(site.config()).arg("up").arg("--data").arg(site.data());
        let other = if option == "--listen" { "--gateway" } else { "--listen" };
        command.args([option, &address, other, "127.0.0.1:0"]);
        let ended = command.env("HOME", site.folder.path()).output().unwrap();
        assert_eq!(ended.status.code(), Some(3));
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(&address) && said.contains(option), "{said}");
        assert!(!site.data().join("portcullis.db").exists());
        assert!(!site.config().join("keys").exists());
    }
}

#[test]
fn a_backup_of_nothing_leaves_nothing() {
    let site = Site::new();
    let out = site.folder.path().join("out");
    let mut command = std::process::Command::new(crate::server::PORTCULLIS);
    command.arg("--config").arg(site.config()).arg("backup").arg("--data").arg(site.data());
    let ended = command.arg(&out).env("HOME", site.folder.path()).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(!out.exists() && !site.data().exists());
}
