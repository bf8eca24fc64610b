//! Paths that look like left over from building the API.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "leftover-path",
        check: "leftover-path",
        title: "A path looks left over from development",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "Debugging, test and internal operations have fewer checks and show or change more \
              than customers need; they are the first that a scanner tries.",
        fix: "Remove them from what is deployed to the public, or put them on a network and \
              document of their own.",
        owasp: "API9:2023",
        cwe: 489,
    },
    asks: "Is something served that was meant for developers or insiders?",
    judged: "Paths with a segment like `debug`, `internal`, `test`, `old` or `tmp` at their \
             beginning (after a version), or like `actuator`, `pprof`, `phpinfo`, `heapdump` \
             anywhere. Deeper segments of such names, and a `test` with five operations or more below \
             it, are taken as part of the product.",
    example: "paths:\n  /internal/debug/vars: {…}",
};

/// At the beginning of a path.
const EARLY: &[&str] = &[
    "debug",
    "internal",
    "test",
    "old",
    "tmp",
    "bak",
    "dev",
    "dummy",
    "hidden",
    "deprecated",
    "test api",
    "internal api",
    "foo",
];
/// Anywhere.
const ANYWHERE: &[&str] = &[
    "actuator",
    "phpinfo",
    "phpinfo php",
    "pprof",
    "heapdump",
    "threaddump",
    "debug vars",
    "xdebug",
    "server status",
    "env json",
    "__debug__",
    "swagger ui",
    "console log",
];

/// Operations below `test` from which on testing is what the API is for.
const PRODUCT: usize = 5;

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let early = |path: &[Words]| path.iter().take(1).find_map(|one| one.is(EARLY));
    let all = api.operations.len();
    let named = |operation: &Operation<'_>| {
        let fixed = purpose::fixed(operation).map(Words::of);
        let fixed: Vec<_> = fixed.skip_while(is_preamble).collect();
        early(&fixed).or_else(|| fixed.iter().find_map(|one| one.is(ANYWHERE)))
    };
    let told = api.numbered().filter_map(|(number, one)| Some((number, one, named(one)?)));
    let told: Vec<_> = told.collect();
    // A document of nothing else is one for insiders, and says so.
    if told.len() * 2 > all {
        return;
    }
    let tests = told.iter().filter(|(_, _, word)| *word == "test").count();
    for (number, operation, word) in told {
        if word != "test" || tests < PRODUCT {
            found.at(format!("`{word}`"), Spot::operation(number, &operation.at));
        }
    }
}

/// What comes before the first word of a path that means something.
fn is_preamble(words: &Words) -> bool {
    let word = words.first();
    let version =
        word.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    version
        || matches!(word, "api" | "rest" | "services")
        || word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn leftovers_are_found_and_products_of_that_name_are_not() {
        let get = json!({"get": {}});
        let paths = json!({"/api/v1/debug/vars": get, "/internal/users": get, "/actuator/env": get, "/hooks/{id}/test": get,
            "/tests/{id}": get, "/repos/{id}/tests": get, "/orders": get, "/debugging": get, "/latest": get, "/a/contest": get, "/b": get, "/c": get});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        let wanted = [
            "`actuator` @ GET /actuator/env",
            "`debug` @ GET /api/v1/debug/vars",
            "`internal` @ GET /internal/users",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_document_of_an_internal_api_is_left_alone() {
        let paths =
            json!({"/internal/a": {"get": {}}, "/internal/b": {"get": {}}, "/c": {"get": {}}});
        assert!(trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).is_empty());
    }

    #[test]
    fn where_testing_is_the_product_it_is_left_alone() {
        let names = ["npm", "pip", "yarn", "gems", "maven", "a", "b", "c", "d", "e", "f"];
        let paths = |tests: usize| {
            let path = |(at, name)| match at < tests {
                true => format!("/test/{name}"),
                false => format!("/{name}"),
            };
            let paths = names.iter().enumerate().map(path);
            serde_json::Value::from_iter(paths.map(|path| (path, json!({"post": {}}))))
        };
        let found = |tests| trial::found(&CHECK, look, trial::with(json!({"paths": paths(tests)})));
        assert!(found(5).is_empty());
        assert_eq!(found(1), ["`test` @ POST /test/npm"]);
    }
}
