//! `scan checks`: what is asked of an API, and what each question may find.

use anyhow::Result;
use scanner::document::CHECKS;
use scanner::flaw::Flaw;
use scanner::live::Measure;
use scanner::{CheckId, check};
use serde_json::{Value, json};

use crate::exit::{Exit, No};
use crate::nearest::hint;
use crate::show::{self, Show};

/// A check of either scan.
struct Question {
    scan: &'static str,
    id: &'static str,
    asks: &'static str,
    /// What counts and what does not; empty for a live check.
    judged: &'static str,
    flaws: Vec<&'static Flaw>,
    values: &'static [Measure],
}

pub fn checks(id: Option<&str>, show: Show) -> Result<Exit> {
    let all = questions();
    match id {
        None => {
            let row = |one: &Question| [one.scan, one.id, one.asks].map(str::to_owned).to_vec();
            let document: Vec<_> = all.iter().map(described).collect();
            let rows = || all.iter().map(row).collect();
            show.print(&document, || show::table(&["scan", "check", "asks"], rows()));
        }
        Some(id) => {
            let found = all.iter().find(|one| one.id == id);
            let unknown = || {
                let hint = hint(id, all.iter().map(|one| one.id));
                No::usage(format!("no check is called `{id}`{hint}"))
            };
            let found = found.ok_or_else(unknown)?;
            show.print(&described(found), || print(found));
        }
    }
    Ok(Exit::Done)
}

fn questions() -> Vec<Question> {
    let document = CHECKS.iter().map(|(check, _)| Question {
        scan: "document",
        id: check.flaw.id,
        asks: check.asks,
        judged: check.judged,
        flaws: vec![&check.flaw],
        values: &[],
    });
    let live = CheckId::ALL.into_iter().map(check).map(|check| Question {
        scan: "live",
        id: check.id.code(),
        asks: check.asks,
        judged: "",
        flaws: check.flaws.to_vec(),
        values: check.values,
    });
    document.chain(live).collect()
}

fn print(check: &Question) {
    println!("{} ({} scan)\n\n{}", check.id, check.scan, check.asks);
    if !check.judged.is_empty() {
        println!("{}", check.judged);
    }
    for flaw in &check.flaws {
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

fn described(check: &Question) -> Value {
    let flaws = check.flaws.iter().map(|flaw| {
        json!({
            "id": flaw.id, "title": flaw.title, "severity": flaw.severity,
            "confidence": flaw.confidence, "why": flaw.why, "fix": flaw.fix, "owasp": flaw.owasp,
            "cwe": flaw.cwe,
        })
    });
    let values = check.values.iter().map(|one| json!({"name": one.name, "meaning": one.meaning}));
    json!({
        "scan": check.scan, "id": check.id, "asks": check.asks, "judged": check.judged,
        "flaws": flaws.collect::<Vec<_>>(), "values": values.collect::<Vec<_>>(),
    })
}
