//! Names in a standard's file: every probe, measure and comparison must be one that there is.

use domain::refusal::{Code, Reasons, Refusal};
use scanner::CheckId;
use scanner::live::{Kind, check as described};
use serde_json::Value;

use crate::client::text;
use crate::nearest::hint;

/// The comparisons, with the kind of value that each compares.
const COMPARISONS: [(&str, Kind); 4] =
    [("at-least", Kind::Int), ("at-most", Kind::Int), ("is", Kind::Bool), ("one-of", Kind::Text)];
const WAYS: [&str; 3] = ["probe", "document", "attestation"];

/// Refuses every name that does not exist, with its line, what there is, and the nearest.
pub fn check(document: &Value, source: &str) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    let list = |of: &Value, field: &str| of.get(field).and_then(Value::as_array).cloned();
    for checkpoint in list(document, "checkpoints").unwrap_or_default() {
        for criterion in list(&checkpoint, "criteria").unwrap_or_default() {
            let place = |word: &str| place(source, text(&criterion, "id"), word);
            reasons.take(comparison(&criterion, place));
            reasons.take(way(&criterion, place));
            reasons.take(probe(&criterion, place));
        }
    }
    reasons.done()
}

/// The only field of an object: the name of a variant.
fn variant<'a>(criterion: &'a Value, field: &str) -> Option<(&'a str, &'a Value)> {
    let (name, value) = criterion.get(field)?.as_object()?.iter().next()?;
    Some((name, value))
}

fn comparison(criterion: &Value, place: impl Fn(&str) -> String) -> Result<(), Refusal> {
    let Some((name, _)) = variant(criterion, "threshold") else { return Ok(()) };
    exists("comparison", name, &COMPARISONS.map(|(name, _)| name), place)
}

fn way(criterion: &Value, place: impl Fn(&str) -> String) -> Result<(), Refusal> {
    let Some((name, _)) = variant(criterion, "verify") else { return Ok(()) };
    exists("way to verify", name, &WAYS, place)
}

fn probe(criterion: &Value, place: impl Fn(&str) -> String) -> Result<(), Refusal> {
    let Some(("probe", Value::String(name))) = variant(criterion, "verify") else { return Ok(()) };
    let Ok(id) = name.parse::<CheckId>() else {
        return exists("probe", name, &CheckId::ALL.map(CheckId::code), place);
    };
    let values = described(id).values;
    let measure = text(criterion, "measure");
    let Some(value) = values.iter().find(|value| value.name == measure) else {
        let names: Vec<_> = values.iter().map(|value| value.name).collect();
        return exists(&format!("measure of the probe `{name}`"), measure, &names, place);
    };
    let compared = variant(criterion, "threshold").map(|(comparison, _)| comparison);
    // One that does not exist was refused as such.
    let compared = compared.filter(|name| COMPARISONS.iter().any(|(known, _)| known == name));
    let fits = |(comparison, kind): &&(&str, Kind)| {
        *kind == value.kind && compared.is_none_or(|compared| compared == *comparison)
    };
    match COMPARISONS.iter().find(fits) {
        Some(_) => Ok(()),
        None => {
            let fitting = COMPARISONS.iter().filter(|(_, kind)| *kind == value.kind);
            let fitting: Vec<_> = fitting.map(|(name, _)| format!("`{name}`")).collect();
            let compared = compared.unwrap_or_default();
            let message = format!(
                "{}: `{compared}` never holds of `{measure}`; compare it with {}",
                place(compared),
                fitting.join(" or ")
            );
            Err(Refusal::new(Code::NotMeasurable, message))
        }
    }
}

fn exists(
    what: &str,
    name: &str,
    all: &[&str],
    place: impl Fn(&str) -> String,
) -> Result<(), Refusal> {
    if all.contains(&name) {
        return Ok(());
    }
    let hint = hint(name, all.iter().copied());
    let message =
        format!("{}: there is no {what} `{name}`{hint}; there are {}", place(name), all.join(", "));
    Err(Refusal::new(Code::NotMeasurable, message))
}

/// Where a word of a criterion stands: the first line that has it behind the criterion's id.
fn place(source: &str, id: &str, word: &str) -> String {
    let starts = |line: &str| {
        let line = line.trim_start_matches([' ', '-', '{', '"']);
        let value = line.strip_prefix("id:").or_else(|| line.strip_prefix("id\":"));
        let word = |value: &str| {
            let mut words = value.split(['"', '\'', ',', ' ', '}']);
            words.find(|word| !word.is_empty()) == Some(id)
        };
        value.is_some_and(word)
    };
    let mut lines = source.lines().enumerate().skip_while(|(_, line)| !starts(line));
    match lines.find(|(_, line)| line.contains(word)) {
        Some((line, _)) => format!("line {}, criterion `{id}`", line + 1),
        None => format!("criterion `{id}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::read_value;
    use crate::verb::standard::BUNDLED;

    fn refused(from: &str, to: &str) -> String {
        let (_, text) = BUNDLED[0];
        assert!(text.contains(from), "the bundled standard has `{from}`");
        let text = text.replacen(from, to, 1);
        check(&read_value(&text).unwrap(), &text).unwrap_err().to_string()
    }

    #[test]
    fn a_name_that_does_not_exist_is_refused_with_the_nearest() {
        for (from, to, wanted) in [
            (
                "{probe: transport}",
                "{probe: transprot}",
                "no probe `transprot`; did you mean `transport`?",
            ),
            (
                "transport.tls_min_version",
                "transport.tls_version",
                "did you mean `transport.tls_min_version`?",
            ),
            ("{is: true}", "{iz: true}", "no comparison `iz`; did you mean `is`?"),
            (
                "{probe: transport}",
                "{prove: transport}",
                "no way to verify `prove`; did you mean `probe`?",
            ),
            ("{is: true}", "{at-most: 0}", "`at-most` never holds"),
        ] {
            let said = refused(from, to);
            assert!(said.contains(wanted), "{said}");
        }
    }

    #[test]
    fn the_line_is_where_the_word_stands_in_that_criterion() {
        let text = "checkpoints:\n  - criteria:\n      - id: one\n        verify: {probe: a}\n      \
                    - id: two\n        verify: {probe: a}\n";
        assert_eq!(place(text, "two", "probe: a"), "line 6, criterion `two`");
        assert_eq!(place(text, "one", "probe: a"), "line 4, criterion `one`");
        assert_eq!(place("{}", "one", "x"), "criterion `one`");
    }
}
