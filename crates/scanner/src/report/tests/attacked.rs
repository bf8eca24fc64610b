//! A document's or a server's words must not speak through a report.

use super::{Form, full, live, text, view, written};

/// Every tag of the page, without what stands between tags.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect()
}

#[test]
fn the_page_has_no_tag_that_we_did_not_write() {
    let ours = [
        "!DOCTYPE html",
        "body",
        "circle",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "head",
        "header",
        "html",
        "li",
        "meta",
        "p",
        "pre",
        "section",
        "span",
        "strong",
        "style",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "text",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
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

/// A line without what stands in code, where nothing is more than a text (CommonMark 6.1: code ends
/// with as many backticks as it began with).
fn outside_code(line: &str) -> String {
    let (mut said, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        said.push_str(before);
        let inside = from.trim_start_matches('`');
        let fence = &from[..from.len() - inside.len()];
        let ends = inside.match_indices(fence).map(|(end, _)| end).find(|end| {
            let alone = |one: Option<char>| one != Some('`');
            alone(inside[..*end].chars().next_back())
                && alone(inside[end + fence.len()..].chars().next())
        });
        let end = ends.unwrap_or_else(|| panic!("code is left open: {line}"));
        rest = &inside[end + fence.len()..];
    }
    said + rest
}

#[test]
fn a_comment_pings_nobody_and_links_nowhere() {
    let comment = written(Form::Markdown, &full());
    let (summaries, lines): (Vec<_>, Vec<_>) =
        comment.lines().partition(|line| line.starts_with("<details>"));
    assert_eq!(summaries.len(), 3);
    for summary in summaries {
        // The text stands in an element `code`, escaped.
        assert!(summary.ends_with("</code></summary>"), "{summary}");
        assert_eq!(summary.matches('<').count(), 5, "{summary}");
    }
    for line in lines.into_iter().filter(|line| *line != "</details>") {
        let said = outside_code(line);
        for loud in ["<", "@", "#1", "](", "http", "evil", "![", "&"] {
            assert!(!said.contains(loud), "`{loud}` gets out: {line}");
        }
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

#[test]
fn a_message_of_code_scanning_holds_no_link() {
    let sarif: serde_json::Value =
        serde_json::from_str(&written(Form::Sarif, &full())).expect("json");
    let mut texts = 0;
    let mut open = vec![&sarif];
    while let Some(value) = open.pop() {
        open.extend(value.as_array().into_iter().flatten());
        open.extend(value.as_object().into_iter().flatten().map(|(_, member)| member));
        if let Some(text) = value.get("text").and_then(serde_json::Value::as_str) {
            assert!(!text.contains("]("), "{text}");
            texts += usize::from(text.contains("evil.example"));
        }
    }
    assert!(texts >= 5, "only {texts} hostile messages were looked at");
}
