//! The table is canonical, whole, and refused with all reasons when it is neither.

use super::*;

fn operation(id: &str, method: Method, path: &str, scope: &str) -> Operation {
    Operation { id: id.into(), method, path: path.into(), scope: scope.into() }
}

fn scope(name: &str) -> Scope {
    Scope { administration: false, name: name.into(), sensitive: false, title: name.into() }
}

fn table() -> Operations {
    Operations::new(
        vec![Placement::Header { name: "x-key".into() }, Placement::Bearer, Placement::Bearer],
        vec![
            operation("readOne", Method::Get, "/parcels/{id}", "parcels:read"),
            operation("change", Method::Put, "/parcels/{id}", "parcels:write"),
        ],
        vec![scope("parcels:write"), scope("parcels:read")],
    )
    .unwrap()
}

#[test]
fn the_canonical_form_is_sorted_and_without_space() {
    let text = String::from_utf8(table().to_canonical().unwrap()).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"credential":[{"kind":"bearer"},{"kind":"header","name":"x-key"}],"#,
            r#""operations":["#,
            r#"{"id":"change","method":"PUT","path":"/parcels/{id}","scope":"parcels:write"},"#,
            r#"{"id":"readOne","method":"GET","path":"/parcels/{id}","scope":"parcels:read"}],"#,
            r#""scopes":["#,
            r#"{"administration":false,"name":"parcels:read","sensitive":false,"title":"parcels:read"},"#,
            r#"{"administration":false,"name":"parcels:write","sensitive":false,"title":"parcels:write"}]}"#,
        )
    );
    assert_eq!(Operations::from_canonical(text.as_bytes()), Ok(table()));
}

#[test]
fn a_scope_writes_if_one_of_its_methods_is_not_safe() {
    let read = Operations::from_canonical(&table().to_canonical().unwrap()).unwrap();
    for table in [table(), read] {
        assert!(table.writes("parcels:write"));
        assert!(!table.writes("parcels:read") && !table.writes("unknown"));
    }
}

#[test]
fn the_canonical_form_is_that_of_the_standard_also_for_odd_text() {
    let title = "Päckchen \u{7F}\u{FFFD} \"quoted\" back\\slash €😀";
    let table = Operations::new(
        vec![],
        vec![operation("a", Method::Get, "/é/\u{20AC}", "s")],
        vec![Scope { title: title.replace('\u{7F}', ""), ..scope("s") }],
    )
    .unwrap();
    let standard = serde_json_canonicalizer::to_vec(&table).unwrap();
    assert_eq!(table.to_canonical().unwrap(), standard);
    assert_eq!(Operations::from_canonical(&table.to_canonical().unwrap()), Ok(table));
}

#[test]
fn other_spellings_of_the_same_table_are_refused() {
    let text = String::from_utf8(table().to_canonical().unwrap()).unwrap();
    for other in [
        text.replace("\"credential\":", "\"credential\": "),
        text.replace(r#""kind":"header","name":"x-key""#, r#""name":"x-key","kind":"header""#),
        text.replace(r#"{"kind":"bearer"}"#, r#"{"kind":"bearer","name":"x"}"#),
        text.replace("readOne", "re\\u0061dOne"),
        text.replace(r#""sensitive":false"#, r#""sensitive":false,"owner":1"#),
        text.replace("\"GET\"", "\"get\""),
        format!("{text}\n"),
        String::new(),
    ] {
        assert_ne!(other, text);
        assert!(Operations::from_canonical(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn an_unsorted_table_is_refused_when_read() {
    let mut value = serde_json::to_value(table()).unwrap();
    value["operations"].as_array_mut().unwrap().reverse();
    assert!(serde_json::from_value::<Operations>(value).is_err());
}

#[test]
fn all_that_is_wrong_is_told() {
    let TableErrors(errors) = Operations::new(
        vec![Placement::Header { name: "Host".into() }, Placement::Query { name: "a b".into() }],
        vec![
            operation("a", Method::Get, "/x/{id}", "s:read"),
            operation("b", Method::Get, "/x/{name}", "s:read"),
            operation("c", Method::Post, "/x/{name}", "missing"),
            operation("d e", Method::Get, "/y/{", "S"),
            operation("f", Method::Get, "/f", "s:read"),
            operation("f", Method::Put, "/f", "s:read"),
        ],
        vec![
            scope("s:read"),
            scope("S"),
            scope("unused"),
            Scope { title: " ".into(), ..scope("S") },
        ],
    )
    .unwrap_err();
    let text = TableErrors(errors.clone()).to_string();
    assert_eq!(errors.len(), 12, "{errors:#?}");
    for expected in [
        "operation `f` is listed twice",
        "scope `S` is listed twice",
        "operations `a` and `b` have the same method",
        "the scope `missing`",
        "`d e` is no operation id",
        "the braces in segment `{`",
        "no operation belongs to the scope `unused`",
        "`S` is no scope name",
        "the title of the scope `S`",
        "a credential cannot stand in the header `Host`",
        "a credential cannot stand in the query parameter `a b`",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn framing_headers_hold_no_credential() {
    for name in ["host", "content-length", "transfer-encoding", "cookie", "", "x y", "X-Key"] {
        assert!(!Placement::Header { name: name.into() }.is_usable(), "{name}");
    }
    for name in ["x-api-key", "authorization", "private-token"] {
        assert!(Placement::Header { name: name.into() }.is_usable(), "{name}");
    }
}

#[test]
fn methods_are_case_sensitive_and_closed() {
    for method in Method::ALL {
        assert_eq!(Method::from_token(method.as_str()), Some(method));
        assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
    }
    for token in ["get", "Get", "", "CONNECT", "QUERY", "GET "] {
        assert_eq!(Method::from_token(token), None);
    }
}

#[test]
fn parts_are_found_by_name() {
    let table = table();
    assert_eq!(table.operation("readOne").map(|one| one.method), Some(Method::Get));
    assert_eq!(table.operation("none"), None);
    assert_eq!(table.scope("parcels:write").map(|one| one.sensitive), Some(false));
    assert_eq!(table.scope("parcels"), None);
}
