//! Sends a harmless tag and looks whether it comes back as a tag in something that is a page.

use super::flaws::MARKUP;
use crate::api::Put;
use crate::live::Gap;
use crate::live::reading::Reading;
use crate::live::reply::Reply;
use crate::live::request::{Request, escape, with_query};
use crate::live::scan::Scan;
use crate::report::{Exchange, Finding};

/// Operations and parameters of one that get a tag.
const MOST_OPERATIONS: usize = 8;
const MOST_PARAMETERS: usize = 4;

/// A tag that was sent, and the answer.
pub struct Echoed {
    operation: Option<String>,
    /// The parameter, or that it was the path.
    place: String,
    tag: String,
    before: Exchange,
    reply: Reply,
}

impl Echoed {
    /// A tag that comes back as it went, in an answer that a browser shows as a page.
    pub fn finding(&self) -> Option<Finding> {
        let page =
            matches!(self.reply.media_type().as_str(), "text/html" | "application/xhtml+xml");
        if !page || !self.reply.text().contains(&self.tag) {
            return None;
        }
        let evidence = vec![self.before.clone(), self.reply.exchange.clone()];
        Some(MARKUP.found(self.operation.clone(), evidence).of_shape(self.place.as_str()))
    }
}

/// Sends tags in the query parameters of readings and in a path that does not exist.
pub async fn look(scan: &Scan<'_>, readings: &[Reading]) -> Result<Vec<Echoed>, Gap> {
    let mut asked = Vec::new();
    let nowhere = Request::get(format!("{}/{}", scan.client.target.base, scan.client.marks.next()));
    asked.push((nowhere, "the path".to_owned(), None));
    for reading in readings.iter().take(MOST_OPERATIONS) {
        let Some(operation) = scan.document.operations.get(reading.index) else { continue };
        for parameter in operation.at_place(Put::Query).take(MOST_PARAMETERS) {
            let place = format!("query parameter `{}`", parameter.name);
            asked.push((reading.request.clone(), place, Some(parameter.name)));
        }
    }
    let mut echoed = Vec::new();
    for (request, place, parameter) in asked {
        let tag = format!("<i>{}</i>", scan.client.marks.next());
        let path = match parameter {
            Some(name) => with_query(&without(&request.path, name), name, &escape(&tag)),
            None => format!("{}{}", request.path, escape(&tag)),
        };
        let sent = Request { path, ..request.clone() };
        match scan.send(&sent).await {
            Ok(reply) => echoed.push(Echoed {
                operation: request.operation.clone(),
                place,
                tag,
                before: scan.client.unanswered(&request),
                reply,
            }),
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => {}
        }
    }
    Ok(echoed)
}

/// The path without this query parameter.
fn without(path: &str, name: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let name = escape(name);
    let kept = query.split('&').filter(|pair| pair.split('=').next() != Some(name.as_str()));
    let kept = kept.collect::<Vec<_>>().join("&");
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    fn echoed(media_type: &str, body: &str) -> Option<Finding> {
        let reply = reply(200, &[("content-type", media_type)], body);
        let before = reply.exchange.clone();
        let (place, tag) = ("query parameter `q`".to_owned(), "<i>pcx</i>".to_owned());
        Echoed { operation: None, place, tag, before, reply }.finding()
    }

    #[test]
    fn a_tag_in_a_page_is_found_and_data_or_escaped_text_is_not() {
        assert!(echoed("text/html", "<p>no <i>pcx</i>").is_some());
        assert!(echoed("text/html", "<p>no &lt;i&gt;pcx&lt;/i&gt;").is_none());
        assert!(echoed("application/json", "{\"q\": \"<i>pcx</i>\"}").is_none());
    }

    #[test]
    fn a_parameter_is_replaced_and_not_sent_twice() {
        assert_eq!(without("/x?q=1&p=2", "q"), "/x?p=2");
        assert_eq!(without("/x?q=1", "q"), "/x");
    }
}
