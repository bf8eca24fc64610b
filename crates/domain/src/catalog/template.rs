//! Path templates: the parsed form of `/users/{id}` and the order in which templates are tried.

use std::cmp::{Ordering, Reverse};

use super::raw_path::{self, Unmatchable};

/// The longest template, in bytes.
pub const LONGEST: usize = 500;
const MOST_SEGMENTS: usize = 64;
const LONGEST_NAME: usize = 64;

/// Why a path template cannot be matched without doubt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the template does not start with `/`")]
    NotRooted,
    #[error("the template is longer than 500 bytes or has more than 64 segments")]
    TooLong,
    #[error("the template has an empty segment (`//`)")]
    EmptySegment,
    #[error("the template has a dot segment")]
    DotSegment,
    #[error("the braces in segment `{segment}` do not pair")]
    Braces { segment: String },
    #[error("`{name}` is no parameter name: up to 64 of `A-Z a-z 0-9 _ . -`")]
    Name { name: String },
    #[error("`{segment}`: only a whole last segment may span several segments (`{{name*}}`)")]
    RestNotLast { segment: String },
    #[error("segment `{segment}` can never be matched: {reason}")]
    Literal { segment: String, reason: Unmatchable },
}

/// A template without its parameter names: equal templates match exactly the same paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    pub segments: Vec<Segment>,
}

/// One segment, smallest first in the order in which they are tried on a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// Exactly this decoded text; empty only at the end, for a trailing slash.
    Literal(String),
    /// Parameters with text around or between them, or several of them.
    Mixed(Mixed),
    /// One parameter: any segment that is not empty.
    Single,
    /// One parameter over this and all later segments, none of them empty.
    Rest,
}

/// The decoded texts before, between and after the parameters of one segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mixed {
    literals: Vec<String>,
}

impl Template {
    /// Parses the template syntax of the table: that of OpenAPI, plus `{name*}` for a last parameter
    /// that spans segments.
    ///
    /// # Errors
    /// The first thing that keeps the template from being matched.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            return Err(TemplateError::TooLong);
        }
        let unrooted = text.strip_prefix('/').ok_or(TemplateError::NotRooted)?;
        let mut segments = Vec::new();
        let mut texts = unrooted.split('/').peekable();
        while let Some(text) = texts.next() {
            let last = texts.peek().is_none();
            let segment = Segment::parse(text)?;
            match &segment {
                Segment::Literal(literal) if literal.is_empty() && !last => {
                    return Err(TemplateError::EmptySegment);
                }
                Segment::Literal(literal) if literal == "." || literal == ".." => {
                    return Err(TemplateError::DotSegment);
                }
                Segment::Rest if !last => {
                    return Err(TemplateError::RestNotLast { segment: text.to_owned() });
                }
                _ => segments.push(segment),
            }
        }
        if segments.len() > MOST_SEGMENTS {
            return Err(TemplateError::TooLong);
        }
        Ok(Self { segments })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut literals = Vec::new();
        let mut rest = text;
        let mut spans = false;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                return Err(TemplateError::Braces { segment: text.to_owned() });
            };
            let plain = name.strip_suffix('*');
            spans |= plain.is_some();
            check_name(plain.unwrap_or(name))?;
            literals.push(literal(text, before)?);
            rest = tail;
        }
        literals.push(literal(text, rest)?);
        let whole = literals.len() == 2 && literals.iter().all(String::is_empty);
        match (literals.len(), whole, spans) {
            (1, ..) => Ok(Self::Literal(literals.pop().unwrap_or_default())),
            (_, true, true) => Ok(Self::Rest),
            (_, true, false) => Ok(Self::Single),
            (_, false, true) => Err(TemplateError::RestNotLast { segment: text.to_owned() }),
            (_, false, false) => Ok(Self::Mixed(Mixed { literals })),
        }
    }
}

fn check_name(name: &str) -> Result<(), TemplateError> {
    let fits =
        !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_name_character);
    if fits { Ok(()) } else { Err(TemplateError::Name { name: name.to_owned() }) }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-')
}

/// The decoded text of a literal; documents may leave spaces and letters beyond ASCII unencoded.
fn literal(segment: &str, raw: &str) -> Result<String, TemplateError> {
    let refuse = |reason| TemplateError::Literal { segment: segment.to_owned(), reason };
    match raw.chars().find(|character| matches!(character, '}' | '\\' | ';' | '?' | '#')) {
        Some('}') => Err(TemplateError::Braces { segment: segment.to_owned() }),
        Some('\\') => Err(refuse(Unmatchable::Backslash)),
        Some(';') => Err(refuse(Unmatchable::PathParameter)),
        Some(_) => Err(refuse(Unmatchable::QueryOrFragment)),
        None => raw_path::unescape(raw).map_err(refuse),
    }
}

impl Mixed {
    /// Whether a decoded segment has this form, each parameter taking at least one character.
    ///
    /// Taking the earliest place of every inner literal leaves the most to what follows, so no
    /// other choice can match where this one does not.
    pub fn matches(&self, segment: &str) -> bool {
        let [prefix, between @ .., suffix] = self.literals.as_slice() else { return false };
        let inner = segment.strip_prefix(prefix.as_str());
        let Some(mut inner) = inner.and_then(|inner| inner.strip_suffix(suffix.as_str())) else {
            return false;
        };
        for literal in between {
            let mut characters = inner.chars();
            if characters.next().is_none() {
                return false;
            }
            let Some((_, tail)) = characters.as_str().split_once(literal.as_str()) else {
                return false;
            };
            inner = tail;
        }
        !inner.is_empty()
    }

    fn literal_bytes(&self) -> usize {
        self.literals.iter().map(String::len).sum()
    }
}

/// The most text first, then the fewest parameters, then by text: total, so a table has one answer.
impl Ord for Mixed {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |mixed: &Self| (Reverse(mixed.literal_bytes()), mixed.literals.len());
        key(self).cmp(&key(other)).then_with(|| self.literals.cmp(&other.literals))
    }
}

impl PartialOrd for Mixed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A document's path in the syntax of the table, and the spanning parameters that it cannot carry.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    pub text: String,
    pub not_spanning: Vec<String>,
}

/// Marks the last parameter when `spans` says so, and makes names fit the table's syntax.
///
/// What is not well formed is left as it stands for `Template::parse` to refuse.
pub fn rewrite(path: &str, spans: impl Fn(&str) -> bool) -> Rewritten {
    let mut text = String::with_capacity(path.len() + 1);
    let mut not_spanning = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        if name.contains('/') {
            break;
        }
        text.push_str(before);
        text.push('{');
        text.extend(
            name.chars()
                .take(LONGEST_NAME)
                .map(|character| if is_name_character(character) { character } else { '_' }),
        );
        if spans(name) {
            if before.ends_with('/') && tail.is_empty() {
                text.push('*');
            } else {
                not_spanning.push(name.to_owned());
            }
        }
        text.push('}');
        rest = tail;
    }
    text.push_str(rest);
    Rewritten { text, not_spanning }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> Vec<Segment> {
        Template::parse(text).unwrap().segments
    }

    fn mixed(literals: &[&str]) -> Mixed {
        Mixed { literals: literals.iter().map(|&literal| literal.to_owned()).collect() }
    }

    #[test]
    fn templates_parse_into_their_segments() {
        assert_eq!(segments("/"), [Segment::Literal(String::new())]);
        assert_eq!(
            segments("/a%20b/{id}/x-{a}.{b}/{rest*}"),
            [
                Segment::Literal("a b".into()),
                Segment::Single,
                Segment::Mixed(mixed(&["x-", ".", ""])),
                Segment::Rest
            ]
        );
        assert_eq!(segments("/a/{x}/"), segments("/a/{y}/"));
        assert_ne!(segments("/a/{x}/"), segments("/a/{x}"));
        assert_ne!(segments("/a/{x*}"), segments("/a/{x}"));
    }

    #[test]
    fn templates_that_cannot_be_matched_are_refused() {
        use TemplateError::*;
        let refused = |text: &str| Template::parse(text).unwrap_err();
        assert_eq!(refused("a"), NotRooted);
        assert_eq!(refused(""), NotRooted);
        assert_eq!(refused("/a//b"), EmptySegment);
        assert_eq!(refused("/a/../b"), DotSegment);
        assert_eq!(refused("/a/%2e"), DotSegment);
        assert_eq!(refused(&format!("/{}", "a".repeat(500))), TooLong);
        assert_eq!(refused(&"/a".repeat(65)), TooLong);
        assert!(matches!(refused("/{a"), Braces { .. }));
        assert!(matches!(refused("/a}"), Braces { .. }));
        assert!(matches!(refused("/{a/b}"), Braces { .. }));
        assert!(matches!(refused("/{}"), Name { .. }));
        assert!(matches!(refused("/{a b}"), Name { .. }));
        assert!(matches!(refused("/{a{b}}"), Name { .. }));
        assert!(matches!(refused("/{a*}/b"), RestNotLast { .. }));
        assert!(matches!(refused("/x{a*}"), RestNotLast { .. }));
        for (text, expected) in [
            ("/a%2Fb", Unmatchable::EncodedSlash),
            ("/a;b", Unmatchable::PathParameter),
            ("/a?b=c", Unmatchable::QueryOrFragment),
            ("/#Action=x", Unmatchable::QueryOrFragment),
            ("/a\\b", Unmatchable::Backslash),
            ("/a%", Unmatchable::BadEncoding),
        ] {
            assert!(
                matches!(refused(text), Literal { reason, .. } if reason == expected),
                "{text}"
            );
        }
    }

    #[test]
    fn mixed_segments_give_every_parameter_a_character() {
        for (literals, segment, expected) in [
            (&["", "...", ""][..], "main...topic", true),
            (&["", "...", ""], "main....topic", true),
            (&["", "...", ""], "main...", false),
            (&["", "...", ""], "...topic", false),
            (&["", "...", ""], "a....", true),
            (&["", "...", ""], "....topic", true),
            (&["v", ""], "v", false),
            (&["v", ""], "v1", true),
            (&["ab", "ba"], "aba", false),
            (&["ab", "ba"], "abxba", true),
            (&["", "", ""], "€", false),
            (&["", "", ""], "€a", true),
            (&["Users(", ")"], "Users(7)", true),
            (&["", "ab", "ab", "c"], "xabyabzc", true),
            (&["", "ab", "ab", "c"], "xababc", false),
        ] {
            assert_eq!(mixed(literals).matches(segment), expected, "{literals:?} {segment}");
        }
    }

    #[test]
    fn segments_with_more_text_come_first() {
        let mut order = vec![
            Segment::Rest,
            Segment::Single,
            Segment::Mixed(mixed(&["", ".", ""])),
            Segment::Mixed(mixed(&["", ".json"])),
            Segment::Literal("a.json".into()),
        ];
        let mut sorted = order.clone();
        sorted.sort();
        order.reverse();
        assert_eq!(sorted, order);
    }

    #[test]
    fn spanning_parameters_are_marked_only_where_a_path_ends() {
        let spans = |name: &str| name == "path";
        assert_eq!(rewrite("/a/{path}", spans).text, "/a/{path*}");
        assert_eq!(rewrite("/a/{id}", spans).text, "/a/{id}");
        let inner = rewrite("/a/{path}/b", spans);
        assert_eq!(
            inner,
            Rewritten { text: "/a/{path}/b".into(), not_spanning: vec!["path".into()] }
        );
        assert_eq!(rewrite("/a/x{path}", spans).text, "/a/x{path}");
        assert_eq!(rewrite("/a/{+id*}", spans).text, "/a/{_id_}");
        assert_eq!(rewrite("/a/{b", spans).text, "/a/{b");
    }
}
