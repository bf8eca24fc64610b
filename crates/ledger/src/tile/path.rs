//! The index and width part of a tile's or bundle's path: `x001/x234/067.p/8`.

use std::fmt;

use super::WIDTH;
use crate::decimal;

/// The text is not a path of C2SP tlog-tiles in its one spelling. Holds the start of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a tile path such as `tile/0/x001/234`, `tile/0/x001/234.p/5` or `tile/entries/000`"
)]
pub struct BadPath(String);

impl BadPath {
    pub(super) fn of(text: &str) -> BadPath {
        BadPath(text.chars().take(80).collect())
    }
}

/// Writes an index in zero-padded groups of three digits, all but the last led by `x`, and `.p/<width>`
/// for a partial tile.
pub(super) fn write(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut scale = 1;
    while index / scale >= 1000 {
        scale *= 1000;
    }
    while scale > 1 {
        write!(f, "x{:03}/", index / scale % 1000)?;
        scale /= 1000;
    }
    write!(f, "{:03}", index % 1000)?;
    if width == WIDTH { Ok(()) } else { write!(f, ".p/{width}") }
}

/// Reads what [`write`] writes, and nothing else.
pub(super) fn parse(text: &str) -> Option<(u64, u16)> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => (groups, partial_width(width)?),
        None => (text, WIDTH),
    };
    let (leading, last) = match groups.rsplit_once('/') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, groups),
    };
    let mut index: u64 = 0;
    for group in leading.into_iter().flat_map(|leading| leading.split('/')) {
        index = index.checked_mul(1000)?.checked_add(three_digits(group.strip_prefix('x')?)?)?;
        if index == 0 {
            return None; // a leading `x000` would be a second spelling
        }
    }
    index = index.checked_mul(1000)?.checked_add(three_digits(last)?)?;
    Some((index, width))
}

fn partial_width(text: &str) -> Option<u16> {
    let width = u16::try_from(decimal::parse(text)?).ok()?;
    (1..WIDTH).contains(&width).then_some(width)
}

fn three_digits(text: &str) -> Option<u64> {
    let valid = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}
