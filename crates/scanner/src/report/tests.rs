//! Every form of hand-made reports: as a document to be reviewed, against its schema, under attack.

use super::made::{HOSTILE, full, gap, live, report, severe};
use super::{Form, Report, Severity, View, baseline, text};

mod attacked;
mod golden;
mod schemas;

fn view() -> View {
    View { threshold: Some(Severity::High), ..View::default() }
}

fn written(form: Form, report: &Report) -> String {
    form.write(report, &view()).expect("written")
}

#[test]
fn an_incomplete_scan_says_so_in_every_form() {
    let mut scan = report();
    scan.incomplete.push(gap());
    let words = [
        "not judged",
        "not whole",
        "no verdict",
        "\"incomplete\": [\n    {",
        "executionSuccessful\": false",
    ];
    for form in Form::ALL {
        let text = written(form, &scan);
        assert!(words.iter().any(|word| text.contains(word)), "{}: {text}", form.code());
        assert!(text.contains("elsewhere.example"), "{} says what: {text}", form.code());
    }
}

#[test]
fn a_screen_is_a_screen_however_much_was_found() {
    let mut scan = full();
    scan.findings = (0..400)
        .map(|number| {
            let mut finding = severe(Severity::Medium).of_shape(format!("shape {number}"));
            finding.places = vec![finding.places[0].clone(); 30];
            finding
        })
        .collect();
    scan.incomplete = (0..100)
        .map(|number| super::Incomplete { check: format!("check-{number}"), ..gap() })
        .collect();
    let screen = text::screen(&scan, &view());
    assert!(screen.lines().count() <= 42, "{} lines", screen.lines().count());
    let widest = screen.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(240), "{widest:?}");
    let all = text::screen(&scan, &View { all: true, ..view() });
    assert!(all.lines().count() > 400 * 30, "every place: {}", all.lines().count());
}

#[test]
fn a_comment_fits_where_comments_go() {
    let mut scan = full();
    let one = scan.findings[0].clone();
    scan.findings = (0..300)
        .map(|number| {
            let mut finding = one.clone().of_shape(format!("{HOSTILE} {number}"));
            finding.places = vec![one.places[0].clone(); 500];
            finding
        })
        .collect();
    let comment = written(Form::Markdown, &scan);
    assert!(comment.chars().count() < 65_536, "{}", comment.chars().count());
}

#[test]
fn colour_is_there_only_when_asked_for() {
    let plain = text::screen(&full(), &view());
    assert!(!plain.contains('\x1b'));
    let coloured = text::screen(&full(), &View { colour: true, ..view() });
    assert!(coloured.contains("\x1b[1;31mcritical\x1b[0m"), "{coloured}");
}

#[test]
fn every_form_says_what_a_baseline_left_out() {
    let scan = full();
    let mut more = scan.clone();
    let mut extra = severe(Severity::High).of_shape("something new");
    extra.places[0].line = 99;
    more.findings.push(extra);
    let (new, counts) = baseline::only_new(more, &baseline::of(&scan));
    assert_eq!((counts.new, counts.known, counts.gone), (1, 5, 0));
    let view = View { against: Some(counts), ..view() };
    for form in [Form::Text, Form::Markdown, Form::Html] {
        let text = form.write(&new, &view).expect("written");
        assert!(text.contains("5 known") && text.contains("something new"), "{text}");
        assert!(!text.contains("api_key"), "{text}");
    }
    let sarif = Form::Sarif.write(&new, &view).expect("written");
    assert_eq!(sarif.matches("\"baselineState\": \"new\"").count(), 1);
}
