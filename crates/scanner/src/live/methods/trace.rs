//! TRACE, with a word of ours in a header: coming back it proves that requests are repeated.

use super::{Found, TRACE};
use crate::api::Method;
use crate::live::Gap;
use crate::live::likeness::tells_of_error;
use crate::live::reading::readings;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;

/// Paths that are asked.
const MOST_PATHS: usize = 3;
/// In small letters, as it goes on the wire.
const HEADER: &str = "x-portcullis-word";

pub async fn look(scan: &Scan<'_>) -> Result<Found, Gap> {
    let mut found = Found::default();
    let mut paths = vec![Request::get(format!("{}/", scan.client.target.base))];
    // With the credential last: some servers turn everybody else away before they look.
    for reading in readings(scan, MOST_PATHS).await? {
        paths.push(reading.request.with(None));
        paths.push(reading.request);
    }
    for request in paths {
        let word = scan.client.marks.next();
        let control = marked(&request, Method::Get, &scan.client.marks.next());
        let asked = marked(&request, Method::Trace, &word);
        let Some(reply) = scan.answer(&asked).await? else { continue };
        found.asked += 1;
        if !repeats(&reply, &word) {
            continue;
        }
        // A service that repeats headers by design repeats them to GET too.
        let Some(control) = scan.answer(&control).await? else { continue };
        if control.text().to_ascii_lowercase().contains(HEADER) {
            continue;
        }
        let evidence = vec![control.exchange, reply.exchange];
        found.findings.push(TRACE.found(None, evidence));
        break;
    }
    Ok(found)
}

fn marked(request: &Request, method: Method, word: &str) -> Request {
    let mut request = Request { method, operation: None, body: None, ..request.clone() };
    request.headers.push((HEADER.to_owned(), word.to_owned()));
    request
}

/// A success that holds our header, and then its value: on one line, or on two.
fn repeats(reply: &Reply, word: &str) -> bool {
    let text = reply.text().to_ascii_lowercase();
    let line = text.split_once(HEADER).is_some_and(|(_, rest)| {
        rest.trim_start_matches([':', ' ', '"', ',', '\r', '\n', '\t']).starts_with(word)
    });
    reply.is_success() && line && (reply.json().is_none() || !tells_of_error(reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    #[test]
    fn only_a_repeated_header_of_ours_counts() {
        let body = "TRACE / HTTP/1.1\r\nHost: a\r\nX-Portcullis-Word: pcabc\r\n";
        assert!(repeats(&reply(200, &[("content-type", "message/http")], body), "pcabc"));
        assert!(!repeats(&reply(405, &[], body), "pcabc"));
        assert!(!repeats(&reply(200, &[], "TRACE / HTTP/1.1\r\nHost: a\r\n"), "pcabc"));
    }
}
