//! A document's or a server's words must not speak through a report.

use super::{Form, full, live, text, view, written};

/// Every tag of the page, without what stands between tags.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect()
}

#[test]
fn the_page_has_no_tag_that_we_did_not_write() {
    let ours = [
        "!DOCTYPE html", "body", "circle", "code", "dd", "details", "div", "dl", "dt", "figcaption",
        "figure", "footer", "h1", "h2", "head", "header", "html", "li", "meta", "p", "pre", "section",
        "span", "strong", "style", "summary", "svg", "table", "tbody", "td", "text", "tfoot", "th",
        "thead", "title", "tr", "ul",
    ];
    for scan in [full(), live()] {
        let page = written(Form::Html, &scan);
        for tag in tags(&page) {
            let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
            let known = ours.contains(&name) || tag == "!DOCTYPE html";
            assert!(known, "`<{tag}>` is not ours");
            let loads = [" on", " href", " src", " style=", "javascript:"];
            assert!(!loads.iter().any(|word| tag.contains(word)), "`<{tag}>` runs or loads");
            let quotes = tag.matches('"').count();
            assert_eq!(quotes % 2, 0, "`<{tag}>` is left open");
        }
        assert!(page.contains("&lt;script&gt;alert(1)"), "the text is still to be read");
        assert!(!page.contains("<script") && !page.contains("\" onmouseover"));
    }
}

#[test]
fn the_page_names_its_only_style() {
    let page = written(Form::Html, &full());
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next());
    let style = style.expect("a style");
    assert!(!style.contains("url(") && !style.contains("@import"), "nothing is loaded");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash.as_ref());
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'");
    assert!(page.replace("&#39;", "'").contains(&policy), "{policy}");
    assert_eq!(page.matches("<style").count(), 1);
}

/// The comment without what stands in code, where nothing is more than a text.
fn outside_code(comment: &str) -> String {
    let spans = comment.lines().map(|line| {
        assert_eq!(line.matches('`').count() % 2, 0, "code is left open: {line}");
        line.split('`').step_by(2).collect::<Vec<_>>().join("code")
    });
    spans.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_comment_pings_nobody_and_links_nowhere() {
    let comment = written(Form::Markdown, &full());
    let said = outside_code(&comment);
    let mut rest = said.clone();
    for tag in ["<details><summary>critical: <code>", "<details><summary>high: <code>",
        "<details><summary>medium: <code>", "</code></summary>", "</details>"]
    {
        rest = rest.replace(tag, "");
    }
    // In a summary the text stands in an element `code`, escaped.
    let summaries = said.lines().filter(|line| line.starts_with("<details>"));
    for summary in summaries {
        assert!(summary.ends_with("</code></summary>") && summary.matches('<').count() == 4);
        let (_, text) = summary.split_once("<code>").expect("code");
        rest = rest.replace(text.trim_end_matches("</code></summary>"), "");
    }
    for loud in ["<", "@", "#1", "](", "http", "evil", "![", "&"] {
        assert!(!rest.contains(loud), "`{loud}` gets out:\n{rest}");
    }
    let headings = comment.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(headings, 1, "only our own");
}

#[test]
fn a_row_has_its_cells() {
    let comment = written(Form::Markdown, &full());
    let rows: Vec<_> = comment.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 2 + 3, "{rows:?}");
    for row in rows {
        assert_eq!(row.matches('|').count(), 6, "{row}");
    }
}

#[test]
fn nothing_plays_with_the_terminal() {
    let mut said = written(Form::Text, &full());
    said.push_str(&text::screen(&full(), &super::View { all: true, ..view() }));
    said.extend(live().findings.iter().map(|finding| text::explain(finding, false)));
    let played = said.chars().find(|one| (one.is_control() && *one != '\n') || *one == '\u{202e}');
    assert_eq!(played, None);
    assert!(!said.lines().any(|line| line.starts_with("# Heading")), "no line of its own");
}
