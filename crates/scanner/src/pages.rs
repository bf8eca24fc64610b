//! The pages of `docs/checks`, made from the code: one for each flaw, and a list of all.

use std::fmt::Write as _;

use crate::document::CHECKS;
use crate::flaw::Flaw;
use crate::live::{self, CheckId};

/// What is said of a flaw beside what reports say.
struct Page<'c> {
    flaw: &'c Flaw,
    scan: &'static str,
    asks: &'c str,
    judged: Option<&'c str>,
    example: Option<&'c str>,
}

/// Every page: its file's name and its text.
pub fn all() -> Vec<(String, String)> {
    let document = CHECKS.iter().map(|(check, _)| Page {
        flaw: &check.flaw,
        scan: "document",
        asks: check.asks,
        judged: Some(check.judged),
        example: Some(check.example),
    });
    let live = CheckId::ALL.into_iter().map(live::check).flat_map(|check| {
        let page = |flaw: &&'static Flaw| {
            let (judged, example) = (None, None);
            Page { flaw, scan: "live", asks: check.asks, judged, example }
        };
        check.flaws.iter().map(page).collect::<Vec<_>>()
    });
    let pages: Vec<Page<'_>> = document.chain(live).collect();
    let mut files: Vec<_> = pages.iter().map(|one| (file(one.flaw), one.text())).collect();
    files.push(("README.md".to_owned(), index(&pages)));
    files
}

fn file(flaw: &Flaw) -> String {
    format!("{}.md", flaw.id)
}

impl Page<'_> {
    fn text(&self) -> String {
        let Self { flaw, scan, asks, judged, example } = self;
        let mut text = format!("# {}\n\n`{}` · {} scan", flaw.title, flaw.id, scan);
        if flaw.check != flaw.id {
            let _ = write!(text, ", check `{}`", flaw.check);
        }
        let (severity, confidence) = (flaw.severity.code(), flaw.confidence.code());
        let class = format!(
            "{} · [CWE-{}](https://cwe.mitre.org/data/definitions/{}.html)",
            flaw.owasp, flaw.cwe, flaw.cwe
        );
        let _ =
            writeln!(text, " · severity **{severity}** · confidence **{confidence}** · {class}");
        let mut part = |title: &str, words: &str| {
            let _ = write!(text, "\n## {title}\n\n{words}\n");
        };
        part("What it asks", asks);
        part("Why it matters", flaw.why);
        if let Some(judged) = judged {
            part("How it is judged", judged);
        }
        part("What to do", flaw.fix);
        if let Some(example) = example {
            part("An example", &format!("```yaml\n{example}\n```"));
        }
        text
    }
}

fn index(pages: &[Page<'_>]) -> String {
    let mut text = "# What the scanner looks for\n\nMade from the code by `cargo run -p scanner --example check_pages`.\n".to_owned();
    for (scan, title) in [("document", "In a description"), ("live", "In what a sandbox answers")] {
        let _ = write!(
            text,
            "\n## {title}\n\n| flaw | severity | confidence | class |\n|---|---|---|---|\n"
        );
        for page in pages.iter().filter(|page| page.scan == scan) {
            let flaw = page.flaw;
            let (severity, confidence) = (flaw.severity.code(), flaw.confidence.code());
            let link = format!("[{}]({})", flaw.title, file(flaw));
            let _ = writeln!(text, "| {link} | {severity} | {confidence} | {} |", flaw.owasp);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_pages_are_what_the_code_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
        let wanted = all();
        for (name, text) in &wanted {
            let found = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            let how = "`cargo run -p scanner --example check_pages` writes them";
            assert!(found == *text, "docs/checks/{name} is not up to date; {how}");
        }
        let names: BTreeSet<_> = wanted.into_iter().map(|(name, _)| name).collect();
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            assert!(names.contains(&name), "docs/checks/{name} belongs to no check");
        }
    }

    #[test]
    fn no_two_flaws_have_the_same_name() {
        let pages = all();
        let names: BTreeSet<_> = pages.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), pages.len());
    }
}
