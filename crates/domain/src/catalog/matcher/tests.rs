//! The matcher on chosen tables, and against a slow and obvious reference on random ones.

use proptest::prelude::*;

use super::*;
use crate::catalog::operations::{Operation, Scope};

fn table(operations: &[(Method, &str)]) -> Operations {
    let operations = operations.iter().map(|(method, path)| Operation {
        id: format!("{method}:{}", path.replace(' ', "%20")),
        method: *method,
        path: (*path).to_owned(),
        scope: "s".to_owned(),
    });
    let (name, title) = ("s".to_owned(), "S".to_owned());
    let scope = Scope { administration: false, name, sensitive: false, title };
    Operations::new(vec![], operations.collect(), vec![scope]).unwrap()
}

/// The template of what is found.
fn find(table: &Operations, method: Method, path: &str) -> Result<String, Unmatchable> {
    let found = Matcher::new(table).find(method, path)?;
    Ok(table.operations()[found.operation].path.clone())
}

#[test]
fn text_beats_a_parameter_from_left_to_right() {
    let templates = [
        "/users/me",
        "/users/{id}",
        "/{kind}/me",
        "/{kind}/{id}",
        "/files/{name}",
        "/files/{name}.json",
        "/files/{name}.{ext}",
        "/files/report.{ext}",
        "/files/{path*}",
    ];
    let table = table(&templates.map(|path| (Method::Get, path)));
    for (path, expected) in [
        ("/users/me", "/users/me"),
        ("/%75sers/%6De", "/users/me"),
        ("/users/you", "/users/{id}"),
        ("/cars/me", "/{kind}/me"),
        ("/cars/you", "/{kind}/{id}"),
        ("/files/a", "/files/{name}"),
        ("/files/a.json", "/files/{name}.json"),
        ("/files/a.xml", "/files/{name}.{ext}"),
        ("/files/.xml", "/files/{name}"),
        ("/files/report.xml", "/files/report.{ext}"),
        ("/files/report.json", "/files/report.{ext}"),
        ("/files/a/b", "/files/{path*}"),
        ("/files/a/b.json/c", "/files/{path*}"),
    ] {
        assert_eq!(find(&table, Method::Get, path).as_deref(), Ok(expected), "{path}");
    }
    for path in ["/", "/users", "/users/", "/users/me/", "/files/", "/files/a/", "/files/a/b/"] {
        assert_eq!(find(&table, Method::Get, path), Err(Unmatchable::Undeclared), "{path}");
    }
}

#[test]
fn a_choice_that_leads_nowhere_is_taken_back() {
    let table = table(&[
        (Method::Get, "/a/b/c"),
        (Method::Get, "/a/{x}/d"),
        (Method::Get, "/{y}/b/e"),
        (Method::Get, "/{z*}"),
        (Method::Post, "/a/{x}/c"),
    ]);
    for (path, expected) in [
        ("/a/b/c", "/a/b/c"),
        ("/a/b/d", "/a/{x}/d"),
        ("/a/b/e", "/{y}/b/e"),
        ("/a/b/f", "/{z*}"),
        ("/a", "/{z*}"),
    ] {
        assert_eq!(find(&table, Method::Get, path).as_deref(), Ok(expected), "{path}");
    }
    assert_eq!(find(&table, Method::Post, "/a/b/c").as_deref(), Ok("/a/{x}/c"));
}

#[test]
fn head_is_its_own_operation_or_the_get_of_the_same_template() {
    let table = table(&[
        (Method::Get, "/a"),
        (Method::Get, "/b/{x}"),
        (Method::Head, "/b/{x}"),
        (Method::Post, "/c"),
        (Method::Head, "/{any}"),
    ]);
    let id = |path: &str| {
        let found = Matcher::new(&table).find(Method::Head, path).unwrap();
        table.operations()[found.operation].id.clone()
    };
    assert_eq!(id("/a"), "GET:/a");
    assert_eq!(id("/b/1"), "HEAD:/b/{x}");
    assert_eq!(id("/c"), "HEAD:/{any}");
    assert_eq!(find(&table, Method::Get, "/c"), Err(Unmatchable::Undeclared));
    assert_eq!(find(&table, Method::Options, "/a"), Err(Unmatchable::Undeclared));
}

#[test]
fn a_trailing_slash_is_another_path() {
    let table = table(&[(Method::Get, "/a"), (Method::Get, "/b/"), (Method::Get, "/c/{x}/")]);
    for path in ["/a", "/b/", "/c/1/"] {
        assert!(find(&table, Method::Get, path).is_ok(), "{path}");
    }
    for path in ["/a/", "/b", "/c/1", "/c/"] {
        assert_eq!(find(&table, Method::Get, path), Err(Unmatchable::Undeclared), "{path}");
    }
}

#[test]
fn ambiguous_paths_match_nothing_however_wide_the_table() {
    let table = table(&[(Method::Get, "/{all*}"), (Method::Get, "/")]);
    for (path, reason) in [
        ("/a//b", Unmatchable::EmptySegment),
        ("/a/../b", Unmatchable::DotSegment),
        ("/a/%2e%2e/b", Unmatchable::DotSegment),
        ("/a%2Fb", Unmatchable::EncodedSlash),
        ("/a;b", Unmatchable::PathParameter),
        ("", Unmatchable::NotRooted),
    ] {
        assert_eq!(find(&table, Method::Get, path), Err(reason), "{path}");
    }
    assert!(find(&table, Method::Get, "/").is_ok());
}

#[test]
fn an_empty_table_matches_nothing() {
    let table = Operations::new(vec![], vec![], vec![]).unwrap();
    assert_eq!(find(&table, Method::Get, "/"), Err(Unmatchable::Undeclared));
}

#[test]
fn a_table_made_to_be_slow_is_refused_and_not_walked() {
    let everywhere: Vec<String> = (0..4_096_u32)
        .map(|number| {
            let part = |bit: u32| if number >> bit & 1 == 1 { "/x" } else { "/{p}" };
            (0..12).map(part).collect::<String>() + "/end"
        })
        .collect();
    let siblings: Vec<String> = (0..2_000).map(|number| format!("/{{a}}-{number}-{{b}}")).collect();
    for (templates, path) in [(everywhere, "/x".repeat(12) + "/other"), (siblings, "/a".into())] {
        let operations: Vec<_> =
            templates.iter().map(|path| (Method::Get, path.as_str())).collect();
        let mut rest = operations.clone();
        rest.push((Method::Get, "/{all*}"));
        for table in [table(&operations), table(&rest)] {
            assert_eq!(find(&table, Method::Get, &path), Err(Unmatchable::TooManyChoices));
        }
    }
}

/// What a path is, said slowly: every template against every segment, then the smallest rank.
mod reference {
    use super::*;

    /// Literal 0, mixed 1 (less literal text, more parameters, then text), parameter 2, spanning 3.
    type Rank = (u8, isize, usize, Vec<String>);

    pub fn find(table: &Operations, method: Method, path: &str) -> Option<usize> {
        let segments = segments(path)?;
        let candidates = table.operations().iter().enumerate().filter_map(|(place, operation)| {
            answers(table, operation, method)
                .then(|| rank(&operation.path, &segments).map(|rank| (rank, place)))
                .flatten()
        });
        candidates.min().map(|(_, place)| place)
    }

    fn answers(table: &Operations, operation: &Operation, method: Method) -> bool {
        let has_own_head = || {
            table.operations().iter().any(|other| {
                other.method == Method::Head && nameless(&other.path) == nameless(&operation.path)
            })
        };
        operation.method == method
            || method == Method::Head && operation.method == Method::Get && !has_own_head()
    }

    /// The decoded segments of a path that is not ambiguous.
    fn segments(path: &str) -> Option<Vec<String>> {
        if path.chars().any(|one| one <= ' ' || one > '~' || "\\;?#\"<>`{}".contains(one)) {
            return None;
        }
        let segments: Option<Vec<String>> =
            path.strip_prefix('/')?.split('/').map(decoded).collect();
        let segments = segments?;
        let (_, inner) = segments.split_last()?;
        let ambiguous = inner.iter().any(String::is_empty)
            || segments.iter().any(|segment| {
                segment == "."
                    || segment == ".."
                    || segment.chars().any(|one| one.is_control() || "/\\;".contains(one))
                    || segment.split('%').skip(1).any(|after| {
                        after.chars().take_while(char::is_ascii_hexdigit).take(2).count() == 2
                    })
            });
        (!ambiguous).then_some(segments)
    }

    fn decoded(segment: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            if *first == b'%' {
                let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
                digits.chars().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).ok()
    }

    fn nameless(template: &str) -> Vec<Vec<String>> {
        template.split('/').map(pieces).collect()
    }

    /// `a{b}.{c}` as `a`, `{}`, `.`, `{}`; a spanning parameter as `{*}`.
    fn pieces(segment: &str) -> Vec<String> {
        let mut pieces = vec![String::new()];
        let mut characters = segment.chars();
        while let Some(character) = characters.next() {
            if character == '{' {
                let name: String = characters.by_ref().take_while(|one| *one != '}').collect();
                pieces.push(if name.ends_with('*') { "{*}" } else { "{}" }.to_owned());
                pieces.push(String::new());
            } else {
                pieces.last_mut().unwrap().push(character);
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    fn rank(template: &str, path: &[String]) -> Option<Vec<Rank>> {
        let template: Vec<&str> = template[1..].split('/').collect();
        let mut ranks = Vec::new();
        for (place, segment) in template.iter().enumerate() {
            let pieces = pieces(segment);
            if pieces == ["{*}"] {
                let left = path.get(place..)?;
                let whole = !left.is_empty() && left.iter().all(|segment| !segment.is_empty());
                ranks.push((3, 0, 0, vec![]));
                return whole.then_some(ranks);
            }
            let text = path.get(place)?;
            splits(&pieces, text).then_some(())?;
            let literals = pieces.iter().filter(|piece| *piece != "{}");
            let length: usize = literals.map(String::len).sum();
            let parameters = pieces.iter().filter(|piece| *piece == "{}").count();
            ranks.push(match (pieces.len(), parameters) {
                (_, 0) => (0, 0, 0, vec![]),
                (1, 1) => (2, 0, 0, vec![]),
                _ => (1, -isize::try_from(length).unwrap(), parameters, by_parameter(&pieces)),
            });
        }
        (template.len() == path.len()).then_some(ranks)
    }

    /// The literals before, between and after the parameters.
    fn by_parameter(pieces: &[String]) -> Vec<String> {
        let mut literals = vec![String::new()];
        for piece in pieces {
            match piece.as_str() {
                "{}" => literals.push(String::new()),
                text => literals.last_mut().unwrap().push_str(text),
            }
        }
        literals
    }

    /// Tries every way to give each parameter one or more characters.
    fn splits(pieces: &[String], text: &str) -> bool {
        let Some((first, left)) = pieces.split_first() else { return text.is_empty() };
        if first != "{}" {
            return text.strip_prefix(first.as_str()).is_some_and(|tail| splits(left, tail));
        }
        let ends = text.char_indices().map(|(place, one)| place + one.len_utf8());
        ends.into_iter().any(|end| splits(left, &text[end..]))
    }
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,2}",
        3 => Just("{x}".to_owned()),
        2 => "[ab.]?\\{x\\}[ab.]{0,2}(\\{y\\})?[ab]?",
        1 => "\\{x\\}[ab.]{0,2}\\{y\\}",
    ]
}

fn template() -> impl Strategy<Value = String> {
    let end = prop_oneof![8 => Just(""), 2 => Just("/"), 2 => Just("/{z*}")];
    (proptest::collection::vec(segment(), 1..4), end)
        .prop_map(|(segments, end)| format!("/{}{end}", segments.join("/")))
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![Just(Method::Get), Just(Method::Head), Just(Method::Post)]
}

/// Tables without two operations that match the same paths.
fn random_table() -> impl Strategy<Value = Operations> {
    proptest::collection::vec((method(), template()), 0..14).prop_map(|operations| {
        let mut seen = std::collections::HashSet::new();
        let operations: Vec<(Method, &str)> = operations
            .iter()
            .filter(|(method, path)| {
                Template::parse(path).is_ok_and(|template| seen.insert((*method, template)))
            })
            .map(|(method, path)| (*method, path.as_str()))
            .collect();
        if operations.is_empty() {
            Operations::new(vec![], vec![], vec![]).unwrap()
        } else {
            table(&operations)
        }
    })
}

fn random_path() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "(/[ab.]{1,4}){1,4}/?",
        3 => "(/([ab.]|%6[12]|%2[eE]){1,4}){1,4}/?",
        1 => "/[ab%2fF5cC;.\\\\ ?#é/]{0,10}",
        1 => "(/(a|%[0-9a-f]{2}|%C3%A9|%25){0,3}){1,3}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_matcher_equals_the_reference(
        table in random_table(),
        paths in proptest::collection::vec((method(), random_path()), 30),
    ) {
        let matcher = Matcher::new(&table);
        for (method, path) in paths {
            let found = matcher.find(method, &path).ok().map(|found| found.operation);
            prop_assert_eq!(found, reference::find(&table, method, &path), "{} {}", method, path);
        }
    }
}
