//! Names under which editors and people leave copies of a program beside it.

use crate::live::reply::Reply;
use crate::live::scan::Scan;

/// Names that programs have everywhere.
const NAMES: [&str; 4] = ["app", "main", "server", "index"];
const ENDS: [&str; 2] = [".bak", "~"];

/// Paths of copies: common names and the first word of the API's title, in the languages that the
/// server may be written in.
pub fn paths(scan: &Scan<'_>, nothing: &[Reply]) -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let words = scan.document.title.split(|one: char| !one.is_ascii_alphanumeric());
    names.extend(words.filter(|word| word.len() > 2).take(2).map(str::to_ascii_lowercase));
    names.dedup();
    let mut all = Vec::new();
    for name in &names {
        for language in languages(nothing) {
            all.extend(ENDS.iter().map(|end| format!("/{name}.{language}{end}")));
        }
    }
    all
}

/// Ends of source files: what the server says that it runs on, or the most common three.
fn languages(nothing: &[Reply]) -> Vec<&'static str> {
    let header = |name| nothing.first().and_then(|reply| reply.header(name)).unwrap_or_default();
    let says = format!("{} {}", header("server"), header("x-powered-by")).to_ascii_lowercase();
    let known = [
        (&["python", "werkzeug", "gunicorn", "uvicorn", "tornado"][..], "py"),
        (&["php"][..], "php"),
        (&["express", "node", "next.js"][..], "js"),
    ];
    let told: Vec<_> = known
        .iter()
        .filter(|(words, _)| words.iter().any(|word| says.contains(word)))
        .map(|(_, end)| *end)
        .collect();
    if told.is_empty() { vec!["py", "php", "js"] } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    #[test]
    fn the_server_may_tell_its_language() {
        let told = |headers: &[(&str, &str)]| languages(&[reply(404, headers, "")]);
        assert_eq!(told(&[("server", "BaseHTTP/0.6 Python/3.11")]), ["py"]);
        assert_eq!(told(&[("x-powered-by", "Express")]), ["js"]);
        assert_eq!(told(&[]).len(), 3);
    }
}
