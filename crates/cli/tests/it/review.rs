//! What a reviewer can read before signing: everything that is signed, in words and exactly.

use std::process::Output;

use domain::digest::Digest;
use proving::Weakness;
use serde_json::Value;

use crate::sandbox::{Sandbox, prepare, reviewed};
use crate::server::{Person, Site};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn words(person: &Person, args: &[&str]) -> String {
    let output = person.answer(args, "");
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn a_report_shows_what_was_found_and_how_to_see_it_again() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    prepare(&site, &olga);
    let weak = [Weakness::OneOperationWithoutAuthentication, Weakness::ErrorsLeak];
    let sandbox = Sandbox::with("parcel", &weak);
    sandbox.open(&site, &olga);
    let early = olga.refused(&["ticket", "report", "parcel"]);
    assert!(early.contains("ticket probe parcel"), "{early}");
    sandbox.evaluate(&site, &olga);

    let report = olga.ok(&["ticket", "report", "parcel"]);
    let values = &report["report"]["values"];
    assert_eq!(values["authentication.operations_open"], 1, "{values:#}");
    let findings = report["report"]["findings"].as_array().unwrap();
    let open = findings.iter().find(|found| found["check"] == "authentication").unwrap();
    let text = words(&olga, &["ticket", "report", "parcel"]);
    for shown in ["authentication.operations_open", sandbox.url(), open["title"].as_str().unwrap()]
    {
        assert!(text.contains(shown), "`{shown}` is not in\n{text}");
    }
    let replay = format!("replay     {}", open["replay"].as_str().unwrap());
    assert!(text.contains(&replay) && text.contains("   $ curl -sS "), "{text}");
    assert!(text.contains("   < 200"), "the answer's status is there\n{text}");

    let out = site.folder.path().join("report.json");
    let args = ["ticket", "report", "parcel", "--out", out.to_str().unwrap()];
    words(&olga, &args);
    let kept: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(kept, report["report"]);
}

#[test]
fn a_reviewer_reads_a_summary_the_statement_and_every_text_then_signs_or_not() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    prepare(&site, &olga);
    let rosa = site.person(&server, &olga, "rosa", &["security"]);
    let sandbox = Sandbox::with("parcel", &[]);
    sandbox.open(&site, &olga);
    sandbox.evaluate(&site, &olga);
    let unasked = olga.answer(&["--json", "ticket", "submit", "parcel"], "y\n");
    assert_eq!(unasked.status.code(), Some(2), "{}", said(&unasked));
    olga.ok(&["ticket", "submit", "parcel"]);
    let unasked = rosa.answer(&["--json", "ticket", "sign", "parcel"], "y\n");
    assert_eq!(unasked.status.code(), Some(2), "{}", said(&unasked));

    let output = rosa.answer(&["ticket", "sign", "parcel"], "n\n");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "no is a refusal\n{text}");
    assert!(text.contains("refused: not signed"), "{text}");
    for shown in [
        "approve: ticket",
        "parcel (svc_",
        "“Parcel Ltd” vnd_",
        "“olga” psn_",
        &format!("sandbox at {}", sandbox.url()),
        "✓ authentication ",
        "needed at most 0, measured 0; counts until 20",
        "needed at most 60, measured 30;",
        "“Call 4711. …”",
        "personal",
        "would end  20",
    ] {
        assert!(text.contains(shown), "`{shown}` is not in\n{text}");
    }
    assert!(!text.contains("\"criteria\""), "the statement itself is shown when asked for");

    let text = said(&rosa.answer(&["ticket", "sign", "parcel"], "f\nn\n"));
    let whole = statement(&text);
    let digest = Digest::of(serde_json::to_string(&whole).unwrap().as_bytes());
    assert!(text.contains(&digest.to_string()), "the digest is that of what is shown\n{text}");
    assert!(text.contains("At night, 4712."), "the papers are shown whole\n{text}");
    let text = said(&rosa.answer(&["--full", "ticket", "sign", "parcel", "--reject"], ""));
    assert_eq!(statement(&text)["verdict"], "reject");

    papers(&site, &rosa, &whole);
    let output = rosa.answer(&["ticket", "sign", "parcel"], "y\n");
    assert!(output.status.success(), "{}", said(&output));
    let ticket = olga.ok(&["ticket", "show", "parcel"]);
    assert_eq!(ticket["reviews"][0]["by"]["name"], "rosa", "{ticket:#}");
}

/// The document behind the heading.
fn statement(text: &str) -> Value {
    let (_, rest) = text.split_once("The statement, exactly:\n").expect(text);
    let mut documents = serde_json::Deserializer::from_str(rest).into_iter();
    documents.next().unwrap().unwrap()
}

/// Every digest in the statement is that of a file.
fn papers(site: &Site, reviewer: &Person, statement: &Value) {
    let folder = site.folder.path().join("papers");
    let listed = reviewer.ok(&["ticket", "papers", "parcel", "--save", folder.to_str().unwrap()]);
    let listed = listed.as_array().unwrap();
    let has = |digest: &Value| listed.iter().any(|text| text["digest"] == *digest);
    let terms = &statement["terms"];
    let mut named = vec![&terms["document"], &terms["operations"], &terms["intake"]];
    named.push(&statement["standard"]);
    named.extend(statement["criteria"].as_array().unwrap().iter().map(|one| &one["evidence"]));
    for digest in named {
        assert!(has(digest), "{digest} is not among {listed:#?}");
    }
    let document = std::fs::read(folder.join("document.json")).unwrap();
    assert_eq!(Digest::of(&document).to_string(), terms["document"].as_str().unwrap());
    let runbook = std::fs::read_to_string(folder.join("document-on-call.txt")).unwrap();
    assert!(runbook.contains("4711"));
}

#[test]
fn a_thing_is_named_by_its_service_while_that_means_one_alone() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let [rosa, paul] = reviewed(&site, &server, &olga);
    let sandbox = Sandbox::with("parcel", &[]);
    sandbox.open(&site, &olga);
    sandbox.evaluate(&site, &olga);
    let missing = olga.refused(&["ticket", "show", "parcell"]);
    assert!(missing.contains("did you mean `parcel`?"), "{missing}");
    let runbook = site.file("other.txt", "x");
    let attach = ["ticket", "attach", "parcel", "oncall", runbook.to_str().unwrap()];
    let wrong = olga.refused(&[&attach[..], &["--value", "30"]].concat());
    assert!(wrong.contains("did you mean `on-call`?"), "{wrong}");

    let early = olga.refused(&["service", "show", "parcel"]);
    assert!(early.contains("`portcullis ticket show parcel`"), "{early}");
    sandbox.approve(&olga, [&rosa, &paul]);
    let key = site.file("vendor-key", "a-vendor-key");
    let key = key.to_str().unwrap();
    let wrong = olga.refused(&["service", "credential", "parcel", "sandbx", "--file", key]);
    assert!(wrong.contains("did you mean `sandbox`?"), "{wrong}");
    olga.ok(&["service", "credential", "parcel", "sandbox", "--file", key]);
    olga.ok(&["ticket", "release", "parcel", "canary"]);
    let service = olga.ok(&["service", "show", "parcel"]);
    let plain = |scope: &&Value| scope["sensitive"] == false;
    let scope = service["scopes"].as_array().unwrap().iter().find(plain).unwrap();
    let scope = scope["name"].as_str().unwrap();
    let ask = |reason: &str| {
        let new = ["request", "new", "parcel", "-e", "sandbox", "-s", scope, "--for", "2w"];
        olga.ok(&[&new[..], &["--reason", reason]].concat())
    };
    let (first, second) = (ask("labels"), ask("more labels"));
    let ids = [&first, &second].map(|request| request["id"].as_str().unwrap());
    let both = olga.refused(&["request", "claim", "parcel"]);
    assert!(ids.iter().all(|id| both.contains(id)), "{both}");
    let nowhere = site.folder.path().join("no-folder").join("token");
    let nowhere = nowhere.to_str().unwrap();
    let lost = olga.run(&["request", "claim", ids[0], "--out", nowhere]);
    assert_eq!(lost.status.code(), Some(3), "{}", said(&lost));
    let claimed = olga.ok(&["request", "claim", ids[0]]);
    let rotate = ["token", "rotate", claimed["id"].as_str().unwrap(), "--out", nowhere];
    let lost = olga.run(&rotate);
    assert_eq!(lost.status.code(), Some(3), "{}", said(&lost));
    assert_eq!(olga.ok(&["token", "why", rotate[2]])["status"], "active");
    let token = olga.ok(&["request", "claim", "parcel"]);
    assert_eq!(token["request"], ids[1], "the one that waits");
    let none = olga.refused(&["request", "claim", "parcel"]);
    assert!(none.contains("none of the 2 requests for `parcel` waits for you"), "{none}");
    let two = olga.refused(&["token", "why", "parcel"]);
    assert!(two.contains("several tokens"), "{two}");
    olga.ok(&["token", "revoke", token["id"].as_str().unwrap()]);
    assert_eq!(olga.ok(&["token", "why", "parcel"])["request"], ids[0]);
    olga.ok(&["token", "revoke", "parcel"]);
    let ended = olga.refused(&["token", "why", "parcel"]);
    assert!(ended.contains("all 2 tokens for `parcel` have ended: "), "{ended}");
    assert_eq!(ended.matches(" (revoked)").count(), 2, "{ended}");

    let approved = olga.ok(&["ticket", "show", "parcel"]);
    sandbox.open(&site, &rosa);
    assert_eq!(olga.ok(&["ticket", "show", "parcel"])["id"], approved["id"], "her own");
    let two = paul.refused(&["ticket", "show", "parcel"]);
    assert!(two.contains("several tickets"), "the approved one or the one to come: {two}");
}

/// Anybody can open a ticket under any name.
#[test]
fn a_ticket_is_named_by_its_service_and_a_strangers_is_not_meant() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    prepare(&site, &olga);
    let [paul, max, rosa] =
        ["paul", "max", "rosa"].map(|name| site.person(&server, &olga, name, &[]));
    let sandbox = Sandbox::with("parcel", &[]);
    let shown = |person: &Person| {
        let ticket = person.ok(&["ticket", "show", "parcel"]);
        let field = |value: &Value| value.as_str().unwrap().to_owned();
        (field(&ticket["id"]), field(&ticket["requester"]["name"]))
    };
    sandbox.open(&site, &paul);
    let (first, by) = shown(&max);
    assert_eq!(by, "paul", "there is no other");
    sandbox.open(&site, &max);
    let (second, by) = shown(&max);
    assert_eq!(by, "max", "his own");
    assert_eq!(shown(&paul).0, first, "his own");
    let file = sandbox.ticket(&site);
    let open = ["ticket", "open", file.to_str().unwrap()];
    let twice = paul.refused(&open);
    assert!(twice.contains(&format!("your ticket {first} for `parcel` is evaluating")), "{twice}");
    for verb in ["show", "sign", "withdraw"] {
        let said = rosa.refused(&["ticket", verb, "parcel"]);
        assert!(said.contains("`parcel` can mean several tickets; use the id: "), "{said}");
        assert!(said.contains(&first) && said.contains(&second), "{said}");
    }
    max.ok(&["ticket", "withdraw", "parcel"]);
    assert_eq!(shown(&rosa).0, first, "the other is over");
    let noted = words(&max, &open);
    let note = format!("note: paul has a ticket for `parcel` open as well: {first}");
    assert!(noted.contains(&note), "{noted}");
}

#[test]
fn a_probe_says_what_it_could_not_measure_and_why() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    prepare(&site, &olga);
    let sandbox = Sandbox::with("parcel", &[]);
    sandbox.open(&site, &olga);
    let token = sandbox.token(&site);
    let wrong = olga.refused(&["ticket", "probe", "parcel", "-e", "sandbx"]);
    assert!(wrong.contains("no environment `sandbx`; it has sandbox"), "{wrong}");
    let probe = ["ticket", "probe", "parcel", "--token", token.to_str().unwrap()];
    let measured = words(&olga, &probe);
    assert!(measured.contains("measured: ") && measured.contains("0 findings"), "{measured}");
    assert!(!measured.contains("not measured: "), "{measured}");
    drop(sandbox);
    let output = olga.answer(&probe, "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for shown in ["nothing was measured at http", "`authentication`: ", "`error-leaks`: "] {
        assert!(said.contains(shown), "{said}");
    }
    assert_eq!(said.matches("is the sandbox up").count(), 2, "{said}");
}

/// Nobody reads and signs what a rule says no to anyway.
#[test]
fn what_cannot_be_done_is_refused_before_anybody_signs() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let [rosa, paul] = reviewed(&site, &server, &olga);
    let sandbox = Sandbox::with("parcel", &[]);
    sandbox.open(&site, &olga);
    let refused = |person: &Person, args: &[&str], code: &str| {
        let output = person.answer(args, "y\n");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}\n{said}");
        assert!(said.contains(code) && !said.contains("Sign?"), "{args:?}\n{said}");
    };
    refused(&olga, &["ticket", "submit", "parcel"], "criterion-open");
    sandbox.evaluate(&site, &olga);
    refused(&rosa, &["ticket", "submit", "parcel"], "only whoever opened the ticket submits it");
    sandbox.approve(&olga, [&rosa, &paul]);
    refused(&olga, &["ticket", "submit", "parcel"], "wrong-status");
    let ask = |environment, scope| {
        let place = ["request", "new", "parcel", "-e", environment, "-s", scope];
        [&place[..], &["--for", "1d", "--reason", "labels"]].concat()
    };
    refused(&olga, &ask("sandbox", "parcels:read"), "not-released");
    let key = site.file("vendor-key", "a-vendor-key");
    olga.ok(&["service", "credential", "parcel", "sandbox", "--file", key.to_str().unwrap()]);
    olga.ok(&["ticket", "release", "parcel", "canary"]);
    refused(&olga, &ask("sandbx", "parcels:read"), "it has sandbox");
    refused(&olga, &ask("sandbox", "nonsense"), "unknown-scope");
    let explain = ["policy", "explain", "parcel", "-e", "sandbox", "-s", "nonsense", "--for", "1d"];
    refused(&olga, &explain, "unknown-scope");
}
