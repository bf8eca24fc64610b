//! Raw request paths: which are refused because two servers could read them differently.

use std::borrow::Cow;

/// The longest path looked at, in bytes; longer ones are refused.
pub const LONGEST: usize = 8_192;

/// Why a request path is no operation of a table. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unmatchable {
    #[error("the path does not start with `/`")]
    NotRooted,
    #[error("the path is longer than 8192 bytes")]
    TooLong,
    #[error("the path has an empty segment (`//`)")]
    EmptySegment,
    #[error("the path has a dot segment (`.` or `..`), as it stands or percent-encoded")]
    DotSegment,
    #[error("the path has a percent-encoded slash (`%2F`)")]
    EncodedSlash,
    #[error("the path has a backslash, as it stands or percent-encoded")]
    Backslash,
    #[error("the path has a control character, as it stands or percent-encoded")]
    Control,
    #[error("a `%` in the path is not followed by two hexadecimal digits")]
    BadEncoding,
    #[error("the path is percent-encoded twice")]
    EncodedTwice,
    #[error("the percent-decoded path is not UTF-8")]
    NotUtf8,
    #[error("the path has a `?` or `#`")]
    QueryOrFragment,
    #[error("the path has a `;`, as it stands or percent-encoded")]
    PathParameter,
    #[error("the path has a character that must be percent-encoded")]
    IllegalCharacter,
    #[error("no operation of the document has this method and path")]
    Undeclared,
    #[error("too many templates of the document come into question for this path")]
    TooManyChoices,
}

impl Unmatchable {
    /// The stable code that callers and records see.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotRooted => "path-not-rooted",
            Self::TooLong => "path-too-long",
            Self::EmptySegment => "path-empty-segment",
            Self::DotSegment => "path-dot-segment",
            Self::EncodedSlash => "path-encoded-slash",
            Self::Backslash => "path-backslash",
            Self::Control => "path-control-character",
            Self::BadEncoding => "path-bad-encoding",
            Self::EncodedTwice => "path-encoded-twice",
            Self::NotUtf8 => "path-not-utf8",
            Self::QueryOrFragment => "path-query-or-fragment",
            Self::PathParameter => "path-parameter",
            Self::IllegalCharacter => "path-illegal-character",
            Self::Undeclared => "operation-undeclared",
            Self::TooManyChoices => "operation-too-many-choices",
        }
    }
}

/// The percent-decoded text of a raw path (RFC 3986 §3.3), borrowed when nothing is encoded.
///
/// Because encoded slashes are refused, the decoded text has exactly the segments of the raw one.
/// Printable ASCII that RFC 3986 wants encoded but browsers send as it stands (`|`, `[`, `]`, `^`)
/// is let through; it cannot move a segment boundary.
///
/// # Errors
/// Every `Unmatchable` but `Undeclared` and `TooManyChoices`.
pub fn decode(path: &str) -> Result<Cow<'_, str>, Unmatchable> {
    if path.len() > LONGEST {
        return Err(Unmatchable::TooLong);
    }
    let Some(unrooted) = path.strip_prefix('/') else { return Err(Unmatchable::NotRooted) };
    if is_ordinary(path.as_bytes()) {
        return Ok(Cow::Borrowed(path));
    }
    if check_raw(path.as_bytes())? {
        let text = unescape(path)?;
        check_segments(text.strip_prefix('/').unwrap_or_default())?;
        Ok(Cow::Owned(text))
    } else {
        check_segments(unrooted)?;
        Ok(Cow::Borrowed(path))
    }
}

/// A quick look that most paths pass: nothing encoded, no character that is ever refused, no empty
/// segment, none that begins with a dot. What fails it is judged byte by byte.
fn is_ordinary(path: &[u8]) -> bool {
    let mut ordinary = true;
    let mut after_slash = false;
    for byte in path {
        let known = if *byte < 64 { ORDINARY_LOW } else { ORDINARY_HIGH };
        ordinary &= *byte < 128 && known >> (*byte & 63) & 1 == 1;
        ordinary &= !(after_slash && matches!(byte, b'/' | b'.'));
        after_slash = *byte == b'/';
    }
    ordinary
}

/// `A-Z a-z 0-9 - . _ ~ / : @ ! $ & ' ( ) * + , =` as bits: bytes 0 to 63, and 64 to 127.
const ORDINARY_LOW: u64 = 0x27FF_FFD2_0000_0000;
const ORDINARY_HIGH: u64 = 0x47FF_FFFE_87FF_FFFF;

/// Refuses what may not stand in a path as it is; tells whether anything is percent-encoded.
fn check_raw(path: &[u8]) -> Result<bool, Unmatchable> {
    let mut encoded = false;
    for byte in path {
        match byte {
            b'%' => encoded = true,
            b'\\' => return Err(Unmatchable::Backslash),
            b';' => return Err(Unmatchable::PathParameter),
            b'?' | b'#' => return Err(Unmatchable::QueryOrFragment),
            0..=0x1F | 0x7F => return Err(Unmatchable::Control),
            b' ' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | 0x80.. => {
                return Err(Unmatchable::IllegalCharacter);
            }
            _ => {}
        }
    }
    Ok(encoded)
}

/// Percent-decodes once and refuses what would change its meaning if decoded where it stands.
///
/// An encoded `;` is refused too: a proxy that decodes and does not encode again turns `..%3B` into
/// a segment that some servers read as `..`.
///
/// # Errors
/// `BadEncoding`, `EncodedSlash`, `Backslash`, `PathParameter`, `Control`, `NotUtf8`, `EncodedTwice`.
pub fn unescape(text: &str) -> Result<String, Unmatchable> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (Some(high), Some(low)) =
            (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit))
        else {
            return Err(Unmatchable::BadEncoding);
        };
        match high << 4 | low {
            b'/' => return Err(Unmatchable::EncodedSlash),
            b'\\' => return Err(Unmatchable::Backslash),
            b';' => return Err(Unmatchable::PathParameter),
            byte => decoded.push(byte),
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| Unmatchable::NotUtf8)?;
    if decoded.chars().any(char::is_control) {
        return Err(Unmatchable::Control);
    }
    if has_escape(&decoded) {
        return Err(Unmatchable::EncodedTwice);
    }
    Ok(decoded)
}

fn has_escape(text: &str) -> bool {
    text.as_bytes().windows(3).any(|window| {
        matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Only the last segment may be empty (a trailing slash); none may be a dot segment.
fn check_segments(unrooted: &str) -> Result<(), Unmatchable> {
    let mut segments = unrooted.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "" if segments.peek().is_some() => return Err(Unmatchable::EmptySegment),
            "." | ".." => return Err(Unmatchable::DotSegment),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_are_borrowed_as_they_stand() {
        for path in ["/", "/a", "/a/", "/a/b.c/~d-e_f", "/a:b@c/!$&'()*+,=", "/a/...", "/a|[b]^"] {
            assert!(matches!(decode(path), Ok(Cow::Borrowed(text)) if text == path), "{path}");
        }
    }

    #[test]
    fn the_quick_look_knows_the_characters_of_a_path() {
        let ordinary = "-._~/:@!$&'()*+,=";
        for byte in 0..=u8::MAX {
            let character = char::from(byte);
            let expected = character.is_ascii_alphanumeric() || ordinary.contains(character);
            assert_eq!(is_ordinary(&[b'/', b'a', byte, b'a']), expected, "{byte:#x}");
        }
    }

    #[test]
    fn encoded_paths_are_decoded_once() {
        for (path, text) in [
            ("/%75sers", "/users"),
            ("/a%20b/%E2%82%AC", "/a b/€"),
            ("/100%25", "/100%"),
            ("/100%25/41", "/100%/41"),
            ("/a%3Fb%23c%7B", "/a?b#c{"),
            ("/a%2e", "/a."),
        ] {
            assert_eq!(decode(path).as_deref(), Ok(text), "{path}");
        }
    }

    #[test]
    fn ambiguous_paths_are_refused_with_their_reason() {
        use Unmatchable::*;
        let long = format!("/{}", "a".repeat(LONGEST));
        for (path, reason) in [
            ("", NotRooted),
            ("a/b", NotRooted),
            ("http://h/a", NotRooted),
            ("%2Fa", NotRooted),
            (long.as_str(), TooLong),
            ("//", EmptySegment),
            ("//a", EmptySegment),
            ("/a//b", EmptySegment),
            ("/a//", EmptySegment),
            ("/.", DotSegment),
            ("/a/../b", DotSegment),
            ("/a/..", DotSegment),
            ("/a/%2e%2E/b", DotSegment),
            ("/a/.%2e", DotSegment),
            ("/a/%2e/b", DotSegment),
            ("/a%2fb", EncodedSlash),
            ("/a%2Fb", EncodedSlash),
            ("/a\\b", Backslash),
            ("/a%5cb", Backslash),
            ("/a%00", Control),
            ("/a%0D%0Ab", Control),
            ("/a%7F", Control),
            ("/a%C2%85", Control),
            ("/a\tb", Control),
            ("/a%", BadEncoding),
            ("/a%2", BadEncoding),
            ("/a%zz", BadEncoding),
            ("/a%+1", BadEncoding),
            ("/a%2/b", BadEncoding),
            ("/a%252e%252e", EncodedTwice),
            ("/a%252fb", EncodedTwice),
            ("/%c0%ae%c0%ae/", NotUtf8),
            ("/%ff", NotUtf8),
            ("/%ed%a0%80", NotUtf8),
            ("/a?b", QueryOrFragment),
            ("/a#b", QueryOrFragment),
            ("/a;v=1/b", PathParameter),
            ("/a/..;/b", PathParameter),
            ("/a/..%3b/b", PathParameter),
            ("/a b", IllegalCharacter),
            ("/é", IllegalCharacter),
            ("/{id}", IllegalCharacter),
        ] {
            assert_eq!(decode(path), Err(reason), "{path}");
        }
    }
}
