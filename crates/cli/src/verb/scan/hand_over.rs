//! What becomes of a finished report: files in any form, a baseline, what is printed, the exit code.

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use scanner::Report;
use scanner::report::baseline::{self, Baseline};
use scanner::report::{Form, Outcome, View, verdict};

use crate::args::HandOver;
use crate::exit::{Exit, No};
use crate::show::Show;
use crate::verb::read_bytes;

/// Where a report goes. What cannot be used of it is said before a scan begins.
#[derive(Debug)]
pub struct Destination {
    files: Vec<(PathBuf, Form)>,
    /// `None` prints nothing.
    print: Option<Form>,
    view: View,
    known: Option<Baseline>,
    write_baseline: Option<PathBuf>,
}

impl Destination {
    /// Reads the options and the baseline that they name.
    ///
    /// # Errors
    /// An ending that names no form, a directory that is not there, or a file that is no baseline.
    pub fn read(wanted: HandOver, show: Show) -> Result<Self> {
        let files = wanted.out.into_iter().map(with_form).collect::<Result<Vec<_>>>()?;
        let written = files.iter().map(|(path, _)| path).chain(&wanted.write_baseline);
        written.into_iter().try_for_each(|path| has_directory(path))?;
        let known = wanted.baseline.as_deref().map(read_baseline).transpose()?;
        let usual = if show.json { Form::Json } else { Form::Text };
        let print = (!wanted.quiet).then(|| wanted.format.unwrap_or(usual));
        let view = View {
            threshold: wanted.fail_on.0,
            all: wanted.all,
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            against: None,
        };
        Ok(Self { files, print, view, known, write_baseline: wanted.write_baseline })
    }

    /// Writes and prints the report, and says how the scan ended.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn hand_over(self, mut report: Report) -> Result<Exit> {
        if let Some(path) = &self.write_baseline {
            let text = baseline::of(&report).text().context("writing the baseline")?;
            write(path, &text)?;
        }
        let mut view = self.view;
        if let Some(known) = &self.known {
            let (new, counts) = baseline::only_new(report, known);
            report = new;
            view.against = Some(counts);
        }
        let plain = View { colour: false, ..view };
        for (path, form) in &self.files {
            write(path, &form.write(&report, &plain)?)?;
        }
        if let Some(form) = self.print {
            print!("{}", form.write(&report, &view)?);
        }
        Ok(match verdict::fail_on(&report, view.threshold) {
            Outcome::Clean => Exit::Done,
            Outcome::Findings => Exit::Refused,
            Outcome::Incomplete => Exit::Incomplete,
        })
    }
}

fn with_form(path: PathBuf) -> Result<(PathBuf, Form)> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    match name.as_deref().and_then(Form::of_name) {
        Some(form) => Ok((path, form)),
        None => {
            let endings = "`.txt`, `.json`, `.sarif`, `.xml`, `.md` or `.html`";
            Err(No::usage(format!("`{}` has to end with {endings}", path.display())))
        }
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn has_directory(path: &Path) -> Result<()> {
    let above = directory(path);
    match above.is_dir() {
        true => Ok(()),
        false => Err(No::usage(format!("`{}` is no directory; make it first", above.display()))),
    }
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let wrong = || No::Usage(format!("{} cannot be used", path.display()));
    Baseline::read(&read_bytes(path)?).with_context(wrong)
}

/// All of it or nothing: whoever reads the file meanwhile sees the old one.
fn write(path: &Path, text: &str) -> Result<()> {
    let failed = || No::Usage(format!("writing {}", path.display()));
    // As the shell would make it; the mask of the process takes away what it has to.
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let file = builder.prefix(".portcullis-").permissions(mode).tempfile_in(directory(path));
    let mut file = file.with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::ScanVerb;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        verb: ScanVerb,
    }

    /// What `scan show` hands over a report with one high finding to.
    fn hand_over(directory: &Path, options: &[&str], report: Report) -> Result<Exit> {
        let options = options.iter().map(|one| one.replace('@', &directory.display().to_string()));
        let line = ["scan", "show", "report.json", "--quiet"].map(str::to_owned);
        let line = Line::try_parse_from(line.into_iter().chain(options))?;
        let ScanVerb::Show(wanted) = line.verb else { unreachable!("parsed above") };
        Destination::read(wanted.hand_over, Show { json: false })?.hand_over(report)
    }

    fn report(severity: &str, incomplete: bool) -> Report {
        let gap =
            serde_json::json!({"check": "document", "code": "unreadable", "detail": "line 7"});
        let report = serde_json::json!({
            "format": 1, "scan": "document", "scanner": "0.1.0", "nonce": "", "document": null,
            "target": "", "certificate_sha256": null, "tls": null, "started": 1, "ended": 2,
            "checks": ["c"], "score": null, "values": {},
            "findings": [{
                "id": "c-1", "check": "c", "flaw": "c", "title": "T", "severity": severity,
                "confidence": "high", "shape": "", "why": "w", "fix": "f", "owasp": "API1:2023",
                "cwe": 1, "reach": 1, "evidence": [], "replay": "",
                "places": [{"operation": "GET /", "file": "a.yaml", "pointer": "/x", "line": 3,
                    "detail": null}],
            }],
            "incomplete": if incomplete { vec![gap] } else { Vec::new() },
            "requests_sent": 0,
        });
        serde_json::from_value(report).expect("a report")
    }

    #[test]
    fn the_exit_code_follows_threshold_and_gaps() {
        let here = tempfile::tempdir().expect("a directory");
        let exit =
            |options: &[&str], report| hand_over(here.path(), options, report).expect("done");
        assert_eq!(exit(&[], report("high", true)), Exit::Refused);
        assert_eq!(exit(&[], report("medium", false)), Exit::Done);
        assert_eq!(exit(&[], report("medium", true)), Exit::Incomplete);
        assert_eq!(exit(&["--fail-on", "medium"], report("medium", false)), Exit::Refused);
        assert_eq!(exit(&["--fail-on", "never"], report("critical", false)), Exit::Done);
        assert_eq!(exit(&["--fail-on", "never"], report("critical", true)), Exit::Incomplete);
    }

    #[test]
    fn a_baseline_makes_what_is_known_pass_and_keeps_gaps() {
        let here = tempfile::tempdir().expect("a directory");
        let exit =
            |options: &[&str], report| hand_over(here.path(), options, report).expect("done");
        let write = ["--write-baseline", "@/known.json"];
        let with = ["--baseline", "@/known.json"];
        assert_eq!(exit(&write, report("high", false)), Exit::Refused);
        assert_eq!(exit(&with, report("high", false)), Exit::Done);
        assert_eq!(exit(&with, report("high", true)), Exit::Incomplete);
    }

    #[test]
    fn several_files_are_written_each_in_its_form() {
        let here = tempfile::tempdir().expect("a directory");
        let out =
            ["--out", "@/r.sarif", "--out", "@/r.html", "--out", "@/r.xml", "--out", "@/r.json"];
        hand_over(here.path(), &out, report("high", false)).expect("done");
        let begins = |name: &str, with: &str| {
            let text = std::fs::read_to_string(here.path().join(name)).expect(name);
            assert!(text.starts_with(with), "{name}: {text}");
        };
        begins("r.sarif", "{\n  \"$schema\"");
        begins("r.html", "<!DOCTYPE html>");
        begins("r.xml", "<?xml");
        begins("r.json", "{\n  \"format\": 1");
        let left = std::fs::read_dir(here.path()).expect("a directory").count();
        assert_eq!(left, 4, "no temporary file stays");
    }

    #[test]
    fn what_cannot_be_used_is_said_before_anything_is_written() {
        let here = tempfile::tempdir().expect("a directory");
        std::fs::write(here.path().join("no.json"), "{}").expect("written");
        for options in
            [["--out", "@/report.pdf"], ["--out", "@/no/report.md"], ["--baseline", "@/no.json"]]
        {
            let options =
                ["--out", "@/good.md"].iter().chain(&options).copied().collect::<Vec<_>>();
            let error = hand_over(here.path(), &options, report("high", false)).unwrap_err();
            assert_eq!(Exit::of(&error), Exit::Usage, "{error:#}");
            assert!(!here.path().join("good.md").exists(), "{options:?}");
        }
    }
}
