//! Old TLS versions, as a server that we did not write offers them: Debian's `openssl s_server`.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use scanner::{CheckId, Report, Value};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::order::{BOUNDS, order_at, scan};

/// A server process that ends with its story.
struct Server {
    child: Child,
    address: SocketAddr,
    certificate: String,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `openssl s_server` with these flags on a free port.
async fn serve(flags: &[&str]) -> Server {
    let folder = TempDir::new().unwrap();
    // RSA, because the oldest suites know nothing else.
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=old", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let certificate = std::fs::read_to_string(folder.path().join("cert.pem")).unwrap();
    // The port is free at this moment; should another process take it, the server does not start
    // and the story fails loudly.
    let address = {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        free.local_addr().unwrap()
    };
    let child = Command::new("openssl")
        .args(["s_server", "-quiet", "-www", "-cert", "cert.pem", "-key", "key.pem", "-accept"])
        .arg(address.to_string())
        .args(flags)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { child, address, certificate, _folder: folder };
    timeout(Duration::from_secs(20), async {
        while TcpStream::connect(server.address).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("openssl s_server listens");
    server
}

async fn transport_of(flags: &[&str]) -> Report {
    let server = serve(flags).await;
    let mut order = order_at(&format!("https://{}", server.address), &[CheckId::Transport], BOUNDS);
    order.trust = vec![server.certificate.clone()];
    scan(&order).await
}

fn versions(answer: &Report) -> (&Value, &Value) {
    (&answer.values["transport.tls_min_version"], &answer.values["transport.tls_max_version"])
}

fn old_findings(answer: &Report) -> usize {
    answer.findings.iter().filter(|one| one.title.contains("no longer safe")).count()
}

#[tokio::test]
async fn everything_from_tls_1_0_is_seen_and_each_old_version_is_a_finding() {
    let answer = transport_of(&["-cipher", "ALL:@SECLEVEL=0", "-min_protocol", "TLSv1"]).await;
    assert_eq!(versions(&answer), (&Value::from("1.0"), &Value::from("1.3")));
    assert_eq!(old_findings(&answer), 2, "{:?}", answer.findings);
}

#[tokio::test]
async fn tls_1_1_alone_is_measured_though_our_own_library_cannot_speak_it() {
    let answer = transport_of(&["-cipher", "ALL:@SECLEVEL=0", "-tls1_1"]).await;
    assert_eq!(versions(&answer), (&Value::from("1.1"), &Value::from("1.1")));
    assert!(!answer.values.contains_key("transport.certificate_valid"));
    assert!(!answer.incomplete.is_empty());
}

#[tokio::test]
async fn modern_settings_show_no_old_version() {
    for (flag, version) in [("-tls1_2", "1.2"), ("-tls1_3", "1.3")] {
        let answer = transport_of(&[flag]).await;
        assert_eq!(versions(&answer), (&Value::from(version), &Value::from(version)));
        assert_eq!(old_findings(&answer), 0);
    }
}

#[tokio::test]
async fn a_group_that_we_did_not_offer_a_share_for_still_counts() {
    let answer = transport_of(&["-tls1_3", "-groups", "P-384"]).await;
    assert_eq!(versions(&answer), (&Value::from("1.3"), &Value::from("1.3")));
}

/// The families of weak suites that were found, by name.
fn weak_suites(answer: &Report) -> Vec<&str> {
    let weak = answer.findings.iter().filter(|one| one.flaw == "tls-weak-suite");
    let mut found: Vec<_> =
        weak.filter_map(|one| one.title.rsplit_once(": ")).map(|(_, family)| family).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn each_family_of_weak_suites_is_named_and_good_ones_are_not() {
    // Debian's OpenSSL is built without export suites, DES and RC4.
    for (suites, expected) in [
        ("NULL-SHA256:@SECLEVEL=0", &["no encryption"][..]),
        ("AECDH-AES128-SHA:@SECLEVEL=0", &["no authentication"]),
        ("AECDH-AES128-SHA:NULL-SHA:@SECLEVEL=0", &["no authentication", "no encryption"]),
        ("ECDHE-RSA-AES256-GCM-SHA384", &[]),
    ] {
        let suites = format!("ECDHE-RSA-AES128-GCM-SHA256:{suites}");
        let answer = transport_of(&["-tls1_2", "-cipher", &suites]).await;
        assert_eq!(weak_suites(&answer), expected, "{suites}: {:#?}", answer.findings);
        let count = i64::try_from(expected.len()).unwrap();
        assert_eq!(answer.values["transport.weak_suites"], Value::Int(count), "{suites}");
    }
}
