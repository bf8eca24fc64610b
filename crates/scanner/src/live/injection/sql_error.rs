//! A lone quote, and a database that complains of its syntax.

use super::flaws::BY_ERROR;
use super::probe::Probe;
use crate::live::Gap;
use crate::report::Finding;

/// What databases say of a statement that they cannot read. What they say of names that are not
/// there, or of values that do not fit, is no sign: a program may look names up by itself.
const COMPLAINTS: [&str; 22] = [
    "you have an error in your sql syntax",
    "check the manual that corresponds to your mysql server version",
    "check the manual that corresponds to your mariadb server version",
    "syntax error at or near",
    "unterminated quoted string",
    "unterminated string literal",
    "unrecognized token",
    "near \"'\": syntax error",
    "': syntax error",
    "\\\": syntax error",
    "\": syntax error",
    "sqlite_error: near",
    "unclosed quotation mark",
    "incorrect syntax near",
    "quoted string not properly terminated",
    "ora-00933",
    "ora-01756",
    "ora-00921",
    "syntax error in string in query expression",
    "dynamic sql error",
    "er_parse_error",
    "sqlstate[42",
];
const ENDINGS: [&str; 4] = ["'", "\"", "')", "`"];

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    let before = probe.before.reply.text().to_ascii_lowercase();
    for ending in ENDINGS {
        let Some(reply) = probe.ask(format!("{}{ending}", probe.value)).await? else { continue };
        let Some(complaint) = complaint(&reply.text(), &before) else { continue };
        // A word that fits nothing is answered in another way: it is the quote that matters.
        let Some(control) = probe.ask(format!("{}x", probe.value)).await? else { continue };
        if complaint_of(&control.text()) == Some(complaint) {
            continue;
        }
        let how =
            format!("A lone `{ending}` was answered with `{complaint}`; `x` in its place was not.");
        let proof = vec![control.exchange, reply.exchange];
        return Ok(Some(probe.found(&BY_ERROR, &how, proof)));
    }
    Ok(None)
}

fn complaint(text: &str, before: &str) -> Option<&'static str> {
    complaint_of(text).filter(|words| !before.contains(words))
}

fn complaint_of(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    COMPLAINTS.into_iter().find(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_heard_and_forms_are_not() {
        let heard = [
            r#"sqlite3.OperationalError: near "'": syntax error"#,
            r#"{"error": "unrecognized token: \"'\""}"#,
            "ERROR:  syntax error at or near \"'\" at character 32",
            "You have an error in your SQL syntax; check the manual",
            "Unclosed quotation mark after the character string ''.",
        ];
        for text in heard {
            assert!(complaint_of(text).is_some(), "{text}");
        }
        for text in ["JSON syntax error", "invalid character in name", "no such column: idx"] {
            assert_eq!(complaint_of(text), None, "{text}");
        }
        assert_eq!(complaint("unrecognized token", "unrecognized token"), None);
    }
}
