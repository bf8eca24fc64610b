//! The scan verbs as a pipeline uses them: plan, attack, report in every form, replay, baseline, and
//! the exit codes of docs/scanning.md.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proving::Weakness;
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::server::{PORTCULLIS, Site};

/// A sandbox with its document, certificate authority and a credential in files.
struct Bench {
    site: Site,
    sandbox: Sandbox,
    credential: PathBuf,
}

impl Bench {
    fn with(weaknesses: &[Weakness]) -> Bench {
        let (site, sandbox) = (Site::new(), Sandbox::with("parcel", weaknesses));
        sandbox.ticket(&site);
        let credential = sandbox.token(&site);
        Bench { site, sandbox, credential }
    }

    fn path(&self, name: &str) -> String {
        self.site.folder.path().join(name).display().to_string()
    }

    /// `scan live` with one check, and what else is wanted.
    fn live(&self, check: &str, more: &[&str]) -> Output {
        let (document, authority) = (self.path("parcel.json"), self.path("parcel.pem"));
        let credential = self.credential.display().to_string();
        let mut args =
            vec!["scan", "live", "--document", &document, "--target", self.sandbox.url()];
        args.extend(["--trust", &authority, "--a", &credential, "--placement", "bearer"]);
        args.extend(["--checks", check, "--rate", "400"]);
        args.extend(more);
        portcullis(&args)
    }
}

fn portcullis(args: &[&str]) -> Output {
    Command::new(PORTCULLIS).args(args).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{out}{error}");
    out + &error
}

fn read(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_dry_run_lists_what_would_be_sent_and_sends_nothing() {
    let bench = Bench::with(&[]);
    let document = bench.path("parcel.json");
    // Nobody listens there: a single request would fail the run.
    let target = "https://127.0.0.1:9";
    let verb = ["scan", "live", "--document", &document, "--target", target, "--dry-run"];
    let text = ended(&portcullis(&verb), 0);
    assert!(text.contains("nothing was sent"), "{text}");
    assert!(text.contains("GET /v1/parcels") && text.contains("at most 20000 requests"), "{text}");
    let listed: Value =
        serde_json::from_str(&ended(&portcullis(&[&verb[..], &["--json"]].concat()), 0)).unwrap();
    let changes: Vec<_> =
        listed["changes"].as_array().unwrap().iter().flat_map(Value::as_str).collect();
    let creates = changes.iter().find(|line| line.starts_with("POST /v1/parcels "));
    assert!(creates.is_some_and(|line| line.contains("recipient")), "{changes:#?}");
}

#[test]
fn a_sound_sandbox_ends_with_0_and_a_scan_that_is_not_whole_with_4() {
    let bench = Bench::with(&[]);
    ended(&bench.live("authentication", &[]), 0);
    let text = ended(&bench.live("authentication", &["--requests", "5"]), 4);
    assert!(text.contains("not whole") || text.contains("could not be judged"), "{text}");
}

#[test]
fn a_hole_is_told_in_every_form_replayed_and_known_by_its_baseline() {
    let bench = Bench::with(&[Weakness::OneOperationWithoutAuthentication]);
    let forms = ["json", "txt", "sarif", "xml", "md", "html"]
        .map(|form| bench.path(&format!("report.{form}")));
    let outs: Vec<&str> = forms.iter().flat_map(|path| ["--out", path.as_str()]).collect();
    let baseline = bench.path("known.json");
    let text = ended(
        &bench.live("authentication", &[&outs[..], &["--write-baseline", &baseline]].concat()),
        1,
    );
    assert!(text.contains("operation-open"), "{text}");
    let credential = std::fs::read_to_string(&bench.credential).unwrap();
    for form in &forms {
        let text = std::fs::read_to_string(form).unwrap();
        assert!(text.contains("operation-open"), "{form}: {text}");
        assert!(!text.contains(credential.trim()), "{form} holds the credential");
    }
    let report = read(&forms[0]);
    let id = report["findings"][0]["id"].as_str().unwrap().to_owned();
    let replay = |report: &str| {
        let (credential, authority) =
            (bench.credential.display().to_string(), bench.path("parcel.pem"));
        let args = ["scan", "replay", report, &id, "--a", &credential, "--trust", &authority];
        portcullis(&[&args[..], &["--placement", "bearer", "--rate", "400"]].concat())
    };
    assert!(ended(&replay(&forms[0]), 1).contains("is still there"));
    let mended = Sandbox::with("parcel", &[]);
    let text = replay_of_the_mended(&bench, &mended, &id);
    assert!(text.contains("is not seen any more"), "{text}");
    // What the baseline knows fails nothing; it is counted.
    let text = ended(&bench.live("authentication", &["--baseline", &baseline]), 0);
    assert!(!text.contains("operation-open"), "{text}");
    let shown = ended(&portcullis(&["scan", "show", &forms[0], &id]), 0);
    assert!(shown.contains("curl"), "{shown}");
}

/// The same finding asked of a vendor that has mended it.
fn replay_of_the_mended(bench: &Bench, mended: &Sandbox, id: &str) -> String {
    let site = Site::new();
    mended.ticket(&site);
    let folder: &Path = site.folder.path();
    let (authority, token) = (folder.join("parcel.pem"), mended.token(&site));
    let report = bench.path("report.json");
    let args = ["scan", "replay", &report, id, "--target", mended.url(), "--placement", "bearer"];
    let files = ["--a", token.to_str().unwrap(), "--trust", authority.to_str().unwrap()];
    ended(&portcullis(&[&args[..], &files, &["--rate", "400"]].concat()), 0)
}

#[test]
fn a_document_is_judged_by_its_threshold_and_its_baseline() {
    let site = Site::new();
    let document = site.file(
        "open.yaml",
        "openapi: 3.1.0\ninfo: {title: Orders, version: '1'}\nservers: [{url: 'http://orders.example'}]\n\
         paths:\n  /orders/{id}:\n    delete:\n      parameters: [{name: id, in: path, required: true, \
         schema: {type: integer}}]\n      responses: {'204': {description: gone}}\n",
    );
    let (document, known) = (document.to_str().unwrap(), site.folder.path().join("known.json"));
    let known = known.to_str().unwrap();
    let text = ended(&portcullis(&["scan", "document", document]), 1);
    assert!(text.contains("server-plaintext"), "{text}");
    ended(
        &portcullis(&[
            "scan",
            "document",
            document,
            "--fail-on",
            "never",
            "--write-baseline",
            known,
        ]),
        0,
    );
    let against = |document: &str, code| {
        let args = ["scan", "document", document, "--baseline", known, "--format", "json"];
        let args = [&args[..], &["--fail-on", "low"]].concat();
        let report: Value = serde_json::from_str(&ended(&portcullis(&args), code)).unwrap();
        let found = report["findings"].as_array().unwrap().iter();
        found.map(|one| one["flaw"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(against(document, 0).is_empty());
    let worse = std::fs::read_to_string(document).unwrap()
        + "  /sessions:\n    get:\n      parameters: [{name: password, in: query, schema: {type: string}}]\n      \
           responses: {'200': {description: in}}\n";
    let worse = site.file("open.yaml", worse);
    let found = against(worse.to_str().unwrap(), 1);
    assert!(found.contains(&"sensitive-query".to_owned()), "{found:?}");
    assert!(!found.contains(&"server-plaintext".to_owned()), "{found:?}");
    ended(&portcullis(&["scan", "document", "nowhere.yaml"]), 2);
    ended(&portcullis(&["scan", "document", document, "--checks", "no-such-check"]), 2);
}
