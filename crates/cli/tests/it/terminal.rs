//! What somebody types at a terminal: a secret is not shown, and the terminal is put back.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::sandbox::{Sandbox, reviewed};
use crate::server::{PORTCULLIS, Site};

/// Runs the command at a terminal (`script` of util-linux), types once it has asked, and says what the
/// terminal showed.
fn at_terminal(command: &str, question: &str, typed: &str) -> String {
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--echo", "always", "--command", command, "/dev/null"]);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&shown).contains(question) {
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    input.write_all(typed.as_bytes()).unwrap();
    output.read_to_end(&mut shown).unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn a_credential_is_not_shown_as_it_is_typed() {
    let site = Site::new();
    let server = site.start();
    let olga = site.operator(&server);
    let [rosa, paul] = reviewed(&site, &server, &olga);
    let sandbox = Sandbox::with("parcel", &[]);
    sandbox.open(&site, &olga);
    sandbox.evaluate(&site, &olga);
    sandbox.approve(&olga, [&rosa, &paul]);
    let (config, key) = (olga.config.display(), olga.key.display());
    let verb =
        format!("{PORTCULLIS} --config {config} --key {key} service credential parcel sandbox");
    for (typed, said) in [
        ("a-vendor-key\n", "sealed in the vault"),
        ("a-vendor-key\u{3}", "refused: interrupted"),
        ("a-vendor-key\u{4}\u{4}", "sealed in the vault"),
        ("a-vendor-key\nand its second line\n", "by `--file`"),
    ] {
        let shown = at_terminal(&format!("{verb}; stty -a"), "then Enter:", typed);
        assert!(shown.contains(said), "{typed:?}\n{shown}");
        assert!(!shown.contains("a-vendor-key"), "{typed:?}\n{shown}");
        assert!(!shown.contains("second line"), "{typed:?}\n{shown}");
        let settings: Vec<_> = shown.split_whitespace().collect();
        for setting in ["echo", "isig", "icanon"] {
            assert!(settings.contains(&setting), "{typed:?}: {setting} is off\n{shown}");
        }
    }
}
