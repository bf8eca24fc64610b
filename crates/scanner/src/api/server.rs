//! Where an API is served, as its document says.

use serde_json::Value;

use super::{At, Edition, Node};

/// Addresses that are made of one template at most.
const MOST_SCHEMES: usize = 4;

/// One server entry; of OpenAPI 2.0 one for each scheme.
#[derive(Debug, Clone)]
pub struct Server {
    /// With variables at their defaults; may be relative.
    pub url: String,
    pub description: String,
    /// Names of variables in the address, with where they are described.
    pub variables: Vec<(String, At)>,
    pub at: At,
}

pub(super) fn read(root: Node<'_>, edition: Edition) -> Vec<Server> {
    match edition {
        Edition::V2 => of_two(root),
        _ => of_three(root),
    }
}

fn of_three(root: Node<'_>) -> Vec<Server> {
    let at = At::default().then("servers");
    let Some(servers) = root.get("servers") else { return Vec::new() };
    let server = |(index, server): (usize, Node<'_>)| {
        let mut url = server.text("url")?.to_owned();
        let mut variables = Vec::new();
        for (name, variable) in server.get("variables").into_iter().flat_map(Node::members) {
            let placed = at.then(index).then("variables").then(name);
            if url.contains(&format!("{{{name}}}")) {
                variables.push((name.to_owned(), placed));
            }
            let default = match variable.value.get("default") {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => continue,
            };
            url = url.replace(&format!("{{{name}}}"), &default);
        }
        let description = server.text("description").unwrap_or_default().to_owned();
        Some(Server { url, description, variables, at: at.then(index).then("url") })
    };
    servers.items().enumerate().filter_map(server).collect()
}

fn of_two(root: Node<'_>) -> Vec<Server> {
    let path = root.text("basePath").unwrap_or_default();
    let description = String::new();
    let Some(host) = root.text("host") else {
        let at = At::default().then("basePath");
        return match path.is_empty() {
            true => Vec::new(),
            false => vec![Server { url: path.to_owned(), description, variables: Vec::new(), at }],
        };
    };
    let schemes: Vec<(At, &str)> = match root.get("schemes") {
        Some(schemes) => {
            let at = At::default().then("schemes");
            let named = schemes.items().enumerate();
            named.filter_map(|(index, one)| Some((at.then(index), one.value.as_str()?))).collect()
        }
        // Without `schemes` the one counts by which the document was fetched: nobody knows it here.
        None => vec![(At::default().then("host"), "https")],
    };
    let server = |(at, scheme): (At, &str)| Server {
        url: format!("{scheme}://{host}{path}"),
        description: description.clone(),
        variables: Vec::new(),
        at,
    };
    schemes.into_iter().take(MOST_SCHEMES).map(server).collect()
}
