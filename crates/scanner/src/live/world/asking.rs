//! What the query parameters of a list are for: a search, and how long a page is.

use crate::api::{Operation, Parameter, Put};
use crate::live::invent::words;

/// Words for what is searched for.
const SEARCH: [&str; 7] = ["q", "query", "search", "term", "text", "keyword", "find"];
/// Names of parameters that say how long a page is, without signs.
const NAMES: [&str; 22] = [
    "limit",
    "perpage",
    "pagesize",
    "size",
    "pagelimit",
    "count",
    "first",
    "top",
    "take",
    "max",
    "maxresults",
    "maxitems",
    "rows",
    "results",
    "num",
    "number",
    "n",
    "items",
    "itemsperpage",
    "resultsperpage",
    "length",
    "amount",
];

/// The parameter that says what is searched for.
pub fn search<'o, 'a>(operation: &'o Operation<'a>) -> Option<&'o Parameter<'a>> {
    let is_search =
        |name: &str| words(name).last().is_some_and(|word| SEARCH.contains(&word.as_str()));
    operation.at_place(Put::Query).find(|one| is_search(one.name))
}

/// True if a parameter of this name says how long a page is.
pub fn is_size(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    NAMES.contains(&plain.to_ascii_lowercase().as_str())
}

/// The parameter that leads beyond the first page; true if it counts records, false if pages.
pub fn further<'o>(operation: &'o Operation<'_>) -> Option<(&'o str, bool)> {
    let plain = |name: &str| words(name).concat();
    operation.at_place(Put::Query).find_map(|one| match plain(one.name).as_str() {
        "offset" | "skip" | "start" => Some((one.name, true)),
        "page" | "pagenumber" | "pageno" => Some((one.name, false)),
        _ => None,
    })
}

/// The longest page that the document allows.
pub fn bound(parameter: &Parameter<'_>) -> Option<usize> {
    let bound = parameter.schema?.node.value.get("maximum")?.as_u64()?;
    usize::try_from(bound).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Api, Files};
    use serde_json::json;

    #[test]
    fn sizes_are_known_by_their_names() {
        assert!(["limit", "per_page", "page[size]", "pageSize"].into_iter().all(is_size));
        assert!(!["page", "q", "offset"].into_iter().any(is_size));
    }

    #[test]
    fn a_list_is_searched_and_turned_by_what_its_parameters_are_called() {
        let named = |names: [&str; 2]| {
            let parameters = names
                .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
            Files::of_value(
                json!({"openapi": "3.0.0", "paths": {"/x": {"get": {"parameters": parameters}}}}),
            )
        };
        let told = |names| {
            let files = named(names);
            let document = Api::read(&files).expect("an api");
            let operation = &document.operations[0];
            let search = search(operation).map(|one| one.name.to_owned());
            (search, further(operation).map(|(name, records)| (name.to_owned(), records)))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(told(["q", "offset"]), (text("q"), Some(("offset".to_owned(), true))));
        assert_eq!(told(["sort", "page"]), (None, Some(("page".to_owned(), false))));
        assert_eq!(told(["searchText", "limit"]), (text("searchText"), None));
    }
}
