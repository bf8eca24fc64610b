//! Redirects to a host of a stranger, in the spellings that loose checks take for their own.

use url::Url;

use super::REDIRECT;
use crate::api::{Operation, Parameter, Put};
use crate::live::Gap;
use crate::live::call::Inputs;
use crate::live::invent::{Marker, words};
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::{Change, Spot, World};
use crate::report::Finding;

/// Words in names of parameters that say where to go on.
const WORDS: [&str; 17] = [
    "to",
    "url",
    "uri",
    "next",
    "return",
    "returnto",
    "redirect",
    "continue",
    "dest",
    "destination",
    "goto",
    "target",
    "location",
    "back",
    "forward",
    "u",
    "r",
];
const MOST_PLACES: usize = 12;

pub async fn look(scan: &Scan<'_>, world: &World) -> Result<Vec<Finding>, Gap> {
    let mut found = Vec::new();
    let mut tried = 0;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if !operation.method.is_safe() {
            continue;
        }
        for parameter in operation.at_place(Put::Query).filter(|one| leads(one)) {
            tried += 1;
            if tried > MOST_PLACES {
                return Ok(found);
            }
            let base = world.any_case(index).map(|case| case.inputs.clone());
            let base = base.unwrap_or_else(|| Inputs::of_document(&scan.document, operation));
            if let Some(finding) = try_all(scan, operation, parameter, &base).await? {
                found.push(finding);
            }
        }
    }
    Ok(found)
}

fn leads(parameter: &Parameter<'_>) -> bool {
    words(parameter.name).iter().any(|word| WORDS.contains(&word.as_str()))
}

async fn try_all(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    parameter: &Parameter<'_>,
    base: &Inputs,
) -> Result<Option<Finding>, Gap> {
    let stated = scan.document.parameter_value(parameter);
    let stated = stated.0.as_str().filter(|text| text.contains("://")).map(str::to_owned);
    let own = scan.client.target.origin();
    let word = Marker::fresh().plain();
    let inside = asked(scan, operation, parameter, base, "/").await?;
    for address in spellings(&word, &own, stated.as_deref()) {
        let Some(reply) = asked(scan, operation, parameter, base, &address).await? else {
            continue;
        };
        if !leads_to(&reply, &own, &format!("{word}.example")) {
            continue;
        }
        let evidence = inside.into_iter().map(|reply| reply.exchange).chain([reply.exchange]);
        let finding = REDIRECT.found(Some(operation.label()), evidence.collect());
        let mut finding = finding.of_shape(format!("query parameter `{}`", parameter.name));
        finding.why = format!("{} `{address}` was taken.", finding.why);
        return Ok(Some(finding));
    }
    Ok(None)
}

async fn asked(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    parameter: &Parameter<'_>,
    base: &Inputs,
    address: &str,
) -> Result<Option<Reply>, Gap> {
    let mut inputs = base.clone();
    inputs.put(&Change::new(Spot::Query(parameter.name.to_owned()), address));
    let request = scan.written(operation, &inputs).with(scan.genuine());
    scan.answer(&request).await
}

/// Addresses of a stranger's host, from the plainest on.
fn spellings(word: &str, own: &str, stated: Option<&str>) -> Vec<String> {
    let host = format!("{word}.example");
    let own_host = own.split("://").nth(1).unwrap_or(own);
    let mut all = vec![
        format!("https://{host}/"),
        format!("//{host}/"),
        format!("/\\{host}/"),
        format!("\\\\{host}/"),
        format!("///{host}/"),
        format!("https:{host}/"),
        format!("{own}@{host}/"),
        format!("{own}.{host}/"),
        format!("https://{host}/{own_host}"),
        format!("/%09/{host}/"),
        format!("/\t/{host}/"),
    ];
    if let Some(stated) = stated.and_then(|text| Url::parse(text).ok()) {
        let origin = stated.origin().ascii_serialization();
        all.push(format!("{origin}.{host}/"));
        all.push(format!("{origin}@{host}/"));
    }
    all
}

/// True if a browser that follows the answer ends at this host.
fn leads_to(reply: &Reply, own: &str, host: &str) -> bool {
    let place = reply.header("location").unwrap_or_default();
    let refresh = reply.header("refresh").and_then(|text| text.split_once('='));
    let place = if place.is_empty() { refresh.map_or("", |(_, to)| to) } else { place };
    let resolved = Url::parse(own).ok().and_then(|own| own.join(place.trim()).ok());
    let there = resolved
        .as_ref()
        .and_then(Url::host_str)
        .is_some_and(|one| one == host || one.ends_with(&format!(".{host}")));
    let follows = (300..400).contains(&reply.status) || reply.header("refresh").is_some();
    follows && there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    #[test]
    fn only_what_a_browser_would_follow_counts() {
        let led = |status, place: &str| {
            leads_to(
                &reply(status, &[("location", place)], ""),
                "http://own.example:80",
                "pcl.example",
            )
        };
        assert!(
            led(302, "https://pcl.example/")
                && led(303, "//pcl.example/")
                && led(302, "/\\pcl.example/")
        );
        assert!(
            led(302, "https://own.example@pcl.example/")
                && led(302, "https://own.example.pcl.example/")
        );
        assert!(!led(302, "/?next=https://pcl.example/") && !led(200, "https://pcl.example/"));
        assert!(!led(302, "https://own.example/pcl.example"));
    }
}
