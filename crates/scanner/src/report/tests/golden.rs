//! The forms of one report as documents, reviewed as documents.

use super::{Form, full, live, text, written};

#[test]
fn the_terminal() {
    insta::assert_snapshot!("terminal", written(Form::Text, &full()));
}

#[test]
fn one_finding_explained() {
    insta::assert_snapshot!("explained", text::explain(&live().findings[0], false));
}

#[test]
fn a_comment() {
    insta::assert_snapshot!("comment", written(Form::Markdown, &full()));
}

#[test]
fn test_results() {
    insta::assert_snapshot!("junit", written(Form::Junit, &full()));
}

#[test]
fn code_scanning() {
    insta::assert_snapshot!("sarif", written(Form::Sarif, &full()));
}
