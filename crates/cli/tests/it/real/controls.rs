//! The live scan on servers that nobody here wrote: each finding must have been read and judged
//! (`tests/controls/judged.tsv`). `make controls` scans the larger ones too.

use std::path::Path;
use std::process::Command;

use crate::server::PORTCULLIS;

fn nothing_unjudged_is_found_on(server: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut judge = Command::new("tests/controls/judge.py");
    let judged = judge.args([PORTCULLIS, server]).current_dir(root).output().unwrap();
    let (said, error) = (&judged.stdout, &judged.stderr);
    let text = String::from_utf8_lossy(said) + String::from_utf8_lossy(error);
    assert!(judged.status.success(), "{text}");
}

macro_rules! servers {
    ($($name:ident: $server:literal,)+) => {
        $(
            #[test]
            fn $name() {
                nothing_unjudged_is_found_on($server);
            }
        )+
    };
}

servers! {
    httpbin_is_judged: "httpbin",
    oidc_provider_is_judged: "oidc",
    prism_with_a_description_of_conversations_is_judged: "prism-conversation",
    prism_with_a_description_of_mail_is_judged: "prism-mailscript",
}
