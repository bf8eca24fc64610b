//! `scan checks`: what is asked of an API, and what each question may find.

use anyhow::Result;
use scanner::{Check, CheckId, check};
use serde_json::{Value, json};

use crate::exit::{Exit, No};
use crate::nearest::hint;
use crate::show::{self, Show};

pub fn checks(id: Option<&str>, show: Show) -> Result<Exit> {
    let all = CheckId::ALL.map(check);
    match id {
        None => {
            let rows = || all.iter().map(|one| vec![one.id.code().to_owned(), one.asks.to_owned()]);
            let document: Vec<_> = all.iter().map(|one| described(one)).collect();
            show.print(&document, || show::table(&["check", "asks"], rows().collect()));
        }
        Some(id) => {
            let found = all.iter().find(|one| one.id.code() == id);
            let hint = || hint(id, all.iter().map(|one| one.id.code()));
            let unknown = || No::usage(format!("no check is called `{id}`{}", hint()));
            let found = found.ok_or_else(unknown)?;
            show.print(&described(found), || print(found));
        }
    }
    Ok(Exit::Done)
}

fn print(check: &Check) {
    println!("{}: {}\n\n{}", check.id.code(), check.title, check.asks);
    for flaw in check.flaws {
        let (severity, confidence) = (flaw.severity.code(), flaw.confidence.code());
        println!("\n{}: {}", flaw.id, flaw.title);
        println!(
            "  {severity} severity, {confidence} confidence, {}, CWE-{}",
            flaw.owasp, flaw.cwe
        );
        println!("  why  {}\n  fix  {}", flaw.why, flaw.fix);
    }
    if !check.values.is_empty() {
        println!("\nmeasures");
    }
    for value in check.values {
        println!("  {}: {}", value.name, value.meaning);
    }
}

fn described(check: &Check) -> Value {
    let flaws = check.flaws.iter().map(|flaw| {
        json!({
            "id": flaw.id, "title": flaw.title, "severity": flaw.severity,
            "confidence": flaw.confidence, "why": flaw.why, "fix": flaw.fix, "owasp": flaw.owasp,
            "cwe": flaw.cwe,
        })
    });
    let values = check.values.iter().map(|one| json!({"name": one.name, "meaning": one.meaning}));
    json!({
        "id": check.id.code(), "title": check.title, "asks": check.asks,
        "flaws": flaws.collect::<Vec<_>>(), "values": values.collect::<Vec<_>>(),
    })
}
