//! How verbs end: the table of exit codes, and quietly when nobody reads.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::server::{PORTCULLIS, Person, Site};

/// The exit code of a verb, and what it said.
fn end(person: &Person, args: &[&str]) -> (i32, String) {
    let output = person.answer(args, "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn exit_codes_say_whose_no_it_is() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let stranger = Person { config: site.folder.path().join("nobody"), key: olga.key.clone() };
    let broken = site.file("broken.yaml", "name: [");
    let other = site.file("other.yaml", "name: x\nunknown: 1\n");
    let [broken, other] = [&broken, &other].map(|path| path.to_str().unwrap());
    let data = site.data();
    let data = data.to_str().unwrap();
    let cases: [(&Person, &[&str], i32); 30] = [
        (&olga, &["whoami"], 0),
        (&olga, &["--help"], 0),
        (&stranger, &["scan", "checks"], 0),
        (&stranger, &["scan", "checks", "transprot"], 2),
        (&stranger, &["scan", "show", "nowhere.json"], 2),
        (&stranger, &["whoami"], 1),
        (&stranger, &["ticket", "list"], 1),
        (&olga, &["ticket", "show", "nothing"], 1),
        (&olga, &["act", "sign"], 1),
        (&olga, &["token", "why", "nothing"], 1),
        (&olga, &["person", "offboard", "olga"], 1),
        (&olga, &["person", "roles", "olga", "--role", "operator"], 1),
        (&olga, &["service", "show", "nothing"], 1),
        (&olga, &["token", "list", "--service", "nothing"], 1),
        (&olga, &["policy", "explain", "nothing", "-e", "x", "-s", "x", "--for", "1d"], 1),
        (&olga, &["nonsense"], 2),
        (&olga, &["policy", "explain", "x", "-e", "x", "-s", "x", "--for", "1d", "--dry-run"], 2),
        (
            &olga,
            &["policy", "explain", "x", "-e", "x", "-s", "x", "--for", "1d", "--reason", "x"],
            2,
        ),
        (&olga, &["token", "revoke"], 2),
        (&olga, &["ticket", "open", "nowhere.yaml"], 2),
        (&olga, &["ticket", "open", other], 2),
        (&olga, &["ticket", "probe", "nothing", "--token", "nowhere"], 2),
        (&olga, &["standard", "check", broken], 2),
        (&olga, &["standard", "print", "baselin"], 2),
        (&olga, &["person", "add", "x", "--public-key", broken], 2),
        (&olga, &["backup", "--data", data, data], 2),
        (&olga, &["machine", "retire", "tkt_x"], 2),
        (&olga, &["ledger", "verify", "nowhere"], 2),
        (&olga, &["ledger", "verify", data, "--seen", "all"], 2),
        (&olga, &["login", "http://127.0.0.1:1"], 3),
    ];
    for (person, args, wanted) in cases {
        let (code, said) = end(person, args);
        assert_eq!(code, wanted, "portcullis {}\n{said}", args.join(" "));
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let cases: [(&[&str], &[&str]); 10] = [
        (&["ticket", "show", "nothing"], &["`portcullis ticket list`"]),
        (&["ticket", "show", "tkt_01m80g9h83ecpbaxdp9500xr05"], &["`portcullis ticket list`"]),
        (&["request", "show", "nothing"], &["`portcullis request list`"]),
        (&["request", "show", "req_01m80g9h83ecpbaxdp9500xr05"], &["`portcullis request list`"]),
        (&["token", "why", "nothing"], &["`portcullis token list`"]),
        (&["token", "why", "tok_01m80g9h83ecpbaxdp9500xr05"], &["`portcullis token list`"]),
        (&["service", "show", "nothing"], &["`portcullis service list`"]),
        (&["token", "revoke", "--vendor", "nothing"], &["`portcullis vendor list`"]),
        (&["person", "offboard", "olgo"], &["`portcullis person list`", "did you mean `olga`?"]),
        (&["standard", "print", "baselin"], &["did you mean `baseline`?"]),
    ];
    for (args, wanted) in cases {
        let (code, said) = end(&olga, args);
        assert_ne!(code, 0, "portcullis {}\n{said}", args.join(" "));
        for wanted in wanted {
            assert!(said.contains(wanted), "portcullis {}: no {wanted} in\n{said}", args.join(" "));
        }
    }
}

#[test]
fn a_second_person_of_one_name_and_a_role_of_nobodys_come_in_with_a_note() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let spare = site.folder.path().join("spare");
    portcullis::up::genesis::make_ssh_key(&spare).unwrap();
    let public = spare.with_extension("pub");
    let first = olga.ok(&["whoami"])["id"].as_str().unwrap().to_owned();
    let public = public.to_str().unwrap();
    let add = ["--yes", "person", "add", "olga", "--public-key", public, "--role", "secruity"];
    let (code, said) = end(&olga, &add);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the role `secruity`; did you mean `security`?"), "{said}");
    assert!(said.contains("operator, privacy, procurement"), "{said}");
    assert!(said.contains(&format!("there is a “olga” already, {first}")), "{said}");
}

/// Even if `y` comes in: nobody can have seen what it would be said to.
#[test]
fn without_a_yes_beforehand_nothing_is_signed_as_json() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let standard = site.file("ours.yaml", crate::sandbox::STANDARD);
    let policy = site.file("ours.cedar", include_str!("../../../../examples/policy/policy.cedar"));
    let spare = site.folder.path().join("spare");
    portcullis::up::genesis::make_ssh_key(&spare).unwrap();
    let public = spare.with_extension("pub");
    let [standard, policy, public] =
        [&standard, &policy, &public].map(|path| path.to_str().unwrap());
    let size = || olga.ok(&["ledger", "show", "--count", "1"])["ledger"]["size"].clone();
    let before = size();
    let acts: [&[&str]; 4] = [
        &["standard", "publish", standard],
        &["policy", "publish", policy],
        &["person", "add", "rosa", "--public-key", public],
        &["person", "key", "add", "olga", public],
    ];
    for args in acts {
        let output = olga.answer(&[&["--json"], args].concat(), "y\n");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let detail = said["problem"]["detail"].as_str().unwrap();
        assert!(detail.contains("say `--yes` as well"), "{args:?}: {detail}");
    }
    assert_eq!(size(), before);
    olga.ok(acts[0]);
    assert_ne!(size(), before, "said, it is signed");
}

#[test]
fn a_reader_who_goes_away_ends_a_verb_quietly() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let config = olga.config.to_str().unwrap();
    for args in [&["ledger", "show"][..], &["openapi"], &["standard", "print"], &["--help"]] {
        let mut command = Command::new(PORTCULLIS);
        command.args(["--config", config]).args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Closed before anything can have been written: every write fails.
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 141)), "{args:?} ended with {code:?}: {said}");
        assert_eq!(said, "", "{args:?}");
    }
}

#[test]
fn names_that_do_not_exist_are_refused_with_line_and_nearest() {
    let site = Site::new();
    let nobody = Person { config: site.config(), key: site.folder.path().join("none") };
    let text = crate::sandbox::STANDARD.replace("{probe: error-leaks}", "{probe: error-leak}");
    let line = text.lines().position(|line| line.contains("error-leak}")).unwrap() + 1;
    let file = site.file("ours.yaml", text);
    let said = nobody.refused(&["standard", "check", file.to_str().unwrap()]);
    let place = format!("line {line}, criterion `errors`: there is no probe `error-leak`");
    assert!(said.contains(&place) && said.contains("did you mean `error-leaks`?"), "{said}");
}

#[test]
fn the_ledger_is_shown_from_its_newest_entry_with_names() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    for name in ["Parcel Ltd", "Ships and Sons", "Rails AG"] {
        olga.ok(&["vendor", "add", name]);
    }
    let (_, said) = end(&olga, &["ledger", "show", "--count", "2"]);
    assert!(said.contains("Rails AG") && said.contains("olga"), "{said}");
    assert!(!said.contains("Parcel Ltd"), "only the newest: {said}");
    let (_, said) = end(&olga, &["ledger", "show", "--from", "0", "--count", "2"]);
    assert!(said.contains("Parcel Ltd") && !said.contains("Ships"), "{said}");
    let all = olga.ok(&["ledger", "show", "--from", "0", "--count", "5000"]);
    assert_eq!(all["entries"].as_array().unwrap().len() as u64, all["ledger"]["size"]);
}
