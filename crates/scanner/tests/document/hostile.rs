//! Documents that want to keep the scanner busy, make it large or bring it down.

use std::fmt::Write as _;
use std::time::Duration;

use scanner::report::GapCode;

use crate::real::judge;

/// Without optimisation everything takes some twenty times as long.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 200 } else { 10 });

/// Says what came out: `judged`, `incomplete`, or the error.
fn told(text: String) -> String {
    let (report, took) = judge("hostile", text.into_bytes());
    assert!(took < SOON, "{took:?}");
    match report {
        Ok(report) => match report.incomplete.iter().any(|one| one.code == GapCode::TooLarge) {
            true => "incomplete".to_owned(),
            false => "judged".to_owned(),
        },
        Err(why) => why,
    }
}

fn with_schemas(schemas: &str) -> String {
    let body =
        r##"{"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}"##;
    format!(
        r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"post": {{"requestBody": {body}}}}}}}, "components": {{"schemas": {{{schemas}}}}}}}"#
    )
}

#[test]
fn circles_of_references_end() {
    let circle = r##""S0": {"properties": {"a": {"$ref": "#/components/schemas/S1"}}}, "S1": {"allOf": [{"$ref": "#/components/schemas/S0"}, {"$ref": "#/components/schemas/S1"}]}"##;
    assert_eq!(told(with_schemas(circle)), "judged");
    let itself = r##""S0": {"$ref": "#/components/schemas/S0"}"##;
    assert_eq!(told(with_schemas(itself)), "judged");
}

#[test]
fn every_schema_naming_every_other_from_every_operation_ends() {
    let mut schemas = String::new();
    for one in 0..300 {
        let _ =
            write!(schemas, r#"{}"S{one}": {{"properties": {{"#, if one > 0 { "," } else { "" });
        for other in 0..300 {
            let comma = if other > 0 { "," } else { "" };
            let _ = write!(
                schemas,
                r##"{comma}"p{other}": {{"$ref": "#/components/schemas/S{other}"}}"##
            );
        }
        schemas.push_str("}}");
    }
    let mut paths = String::new();
    for one in 0..2_000 {
        let comma = if one > 0 { "," } else { "" };
        let _ = write!(
            paths,
            r##"{comma}"/p{one}": {{"post": {{"requestBody": {{"content": {{"application/json": {{"schema": {{"$ref": "#/components/schemas/S{}"}}}}}}}}}}}}"##,
            one % 300
        );
    }
    let text = format!(
        r#"{{"openapi": "3.0.0", "paths": {{{paths}}}, "components": {{"schemas": {{{schemas}}}}}}}"#
    );
    assert_eq!(told(text), "incomplete");
}

#[test]
fn deep_nesting_is_refused_or_cut_off() {
    let deep = format!(r#""S0": {}{{}}{}"#, r#"{"items": "#.repeat(90), "}".repeat(90));
    assert_eq!(told(with_schemas(&deep)), "incomplete");
    let deeper = format!(r#""S0": {}{{}}{}"#, r#"{"items": "#.repeat(100_000), "}".repeat(100_000));
    assert!(told(with_schemas(&deeper)).contains("recursion"), "said why");
}

#[test]
fn a_bomb_of_aliases_and_too_many_bytes_are_refused() {
    let mut text =
        "openapi: 3.0.0\npaths: {/a: {get: {}}}\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let list = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{list}]");
    }
    assert!(told(text).contains("values"), "said why");
    let many = " ".repeat(100 * 1024 * 1024);
    assert!(told(many).contains("bytes"), "said why");
}

#[test]
fn a_flood_of_operations_is_cut_off() {
    let mut text = r#"{"openapi": "3.0.0", "paths": {"/a": {}"#.to_owned();
    for one in 0..60_000 {
        let _ = write!(text, r#","/{one}": {{"post": {{}}}}"#);
    }
    text.push_str("}}");
    assert_eq!(told(text), "incomplete");
}

#[test]
fn a_flood_of_fields_is_cut_off() {
    let mut fields = r#""S0": {"properties": {"a": {}"#.to_owned();
    for one in 0..60_000 {
        let _ = write!(
            fields,
            r#","password_hash_{one}": {{"type": "string", "pattern": "^(a+)+{one}$"}}"#
        );
    }
    fields.push_str("}}");
    assert_eq!(told(with_schemas(&fields)), "incomplete");
}
