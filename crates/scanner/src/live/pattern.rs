//! Texts for the plain patterns that schemas use: classes, letters, groups and counts (ECMA-262 §22.2).

/// How often something that may repeat without end is repeated.
const REPEATS: usize = 6;
/// Letters of a text that is made.
const MOST: usize = 400;

/// A text that fits the pattern: the first of `wished` that does where that can be told, else one
/// that is put together. `None` for no pattern, or one that is more than plain.
pub fn made(pattern: &str, wished: &[&str]) -> Option<String> {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    if inner.is_empty() {
        return None;
    }
    let mut reader = Reader { rest: inner.chars().collect(), at: 0 };
    let pieces = reader.alternatives(0)?;
    if reader.at != reader.rest.len() {
        return None;
    }
    if let [Piece { what: What::Class(class), least, most }] = pieces.as_slice() {
        let fits = |text: &&&str| {
            (*least..=*most).contains(&text.len()) && text.chars().all(|one| class.contains(&one))
        };
        if let Some(text) = wished.iter().find(fits) {
            return Some((*text).to_owned());
        }
    }
    let mut text = String::new();
    put(&pieces, &mut text);
    (text.len() <= MOST).then_some(text)
}

struct Piece {
    what: What,
    least: usize,
    most: usize,
}

enum What {
    Class(Vec<char>),
    Group(Vec<Piece>),
}

fn put(pieces: &[Piece], text: &mut String) {
    for piece in pieces {
        let times =
            piece.least.max(usize::from(piece.most > 0 && piece.least == 0 && piece.most != 1));
        for turn in 0..times.min(MOST) {
            match &piece.what {
                // Not the same letter again and again: some servers refuse that.
                What::Class(class) => text.extend(class.get(turn % class.len().max(1))),
                What::Group(inner) => put(inner, text),
            }
        }
    }
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let one = self.peek()?;
        self.at += 1;
        Some(one)
    }

    /// The first of several alternatives; the others are read over.
    fn alternatives(&mut self, depth: usize) -> Option<Vec<Piece>> {
        if depth > 8 {
            return None;
        }
        let first = self.sequence(depth)?;
        while self.peek() == Some('|') {
            self.at += 1;
            self.sequence(depth)?;
        }
        Some(first)
    }

    fn sequence(&mut self, depth: usize) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        while let Some(one) = self.peek().filter(|one| !matches!(one, ')' | '|')) {
            self.at += 1;
            let what = match one {
                '(' => {
                    if self.peek() == Some('?') {
                        self.at += 1;
                        // Only a group that is not kept; to look ahead is more than plain.
                        (self.next()? == ':').then_some(())?;
                    }
                    let inner = self.alternatives(depth + 1)?;
                    (self.next()? == ')').then_some(())?;
                    What::Group(inner)
                }
                '[' => What::Class(self.class()?),
                '\\' => What::Class(self.escaped()?),
                '.' => What::Class(('a'..='z').collect()),
                '^' | '$' | '*' | '+' | '?' => return None,
                other => What::Class(vec![other]),
            };
            let (least, most) = self.count()?;
            pieces.push(Piece { what, least, most });
        }
        Some(pieces)
    }

    fn class(&mut self) -> Option<Vec<char>> {
        let denied = self.peek() == Some('^');
        self.at += usize::from(denied);
        let mut found = Vec::new();
        loop {
            let one = match self.next()? {
                ']' => break,
                '\\' => {
                    let mut escaped = self.escaped()?;
                    if escaped.len() != 1 {
                        found.append(&mut escaped);
                        continue;
                    }
                    escaped.pop()?
                }
                one => one,
            };
            let is_range = self.peek() == Some('-') && self.rest.get(self.at + 1) != Some(&']');
            if !is_range {
                found.push(one);
                continue;
            }
            self.at += 1;
            let end = self.next()?;
            found.extend((one..=end).take(512));
        }
        if denied {
            let all = ('a'..='z').chain('0'..='9').chain(['-', '_', ' ']);
            found = all.filter(|one| !found.contains(one)).collect();
        }
        (!found.is_empty()).then_some(found)
    }

    fn escaped(&mut self) -> Option<Vec<char>> {
        Some(match self.next()? {
            'd' => ('0'..='9').skip(1).chain(['0']).collect(),
            'w' => ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['_']).collect(),
            's' => vec![' '],
            other if other.is_alphanumeric() => return None,
            other => vec![other],
        })
    }

    fn count(&mut self) -> Option<(usize, usize)> {
        let counted = match self.peek() {
            Some('*') => (0, REPEATS.max(MOST)),
            Some('+') => (1, MOST),
            Some('?') => (0, 1),
            Some('{') => {
                let start = self.at + 1;
                let length = self.rest.get(start..)?.iter().position(|one| *one == '}')?;
                let inner: String = self.rest.get(start..start + length)?.iter().collect();
                self.at = start + length + 1;
                let (least, most) = inner.split_once(',').unwrap_or((&inner, &inner));
                let least = least.trim().parse().ok()?;
                let most = if most.trim().is_empty() { MOST } else { most.trim().parse().ok()? };
                return Some((least, most));
            }
            _ => return Some((1, 1)),
        };
        self.at += 1;
        self.at += usize::from(self.peek() == Some('?'));
        Some(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_are_filled() {
        let cases = [
            (r"^\d{5}$", "12345"),
            ("^[A-Z]{3}-[0-9]{2}$", "ABC-01"),
            (r"^(red|green)$", "red"),
            (r"^ORD-\d+$", "ORD-1"),
            ("^[a-z]+(?:-[a-z]+)?$", "a"),
            (r"^\+?[0-9]{4,}$", "0123"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(made(pattern, &[]).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn a_wish_is_met_where_it_fits() {
        let wished = ["pcl-abc", "pclabc"];
        assert_eq!(made("^[a-z0-9-]{3,20}$", &wished).as_deref(), Some("pcl-abc"));
        assert_eq!(made(r"^\w+$", &wished).as_deref(), Some("pclabc"));
        assert_eq!(made("^[A-Z]+$", &wished).as_deref(), Some("A"));
    }

    #[test]
    fn what_is_more_than_plain_is_left() {
        for pattern in ["", "^(?=.*[A-Z]).+$", r"^(a)\1$", "^[", "^a{x}$"] {
            assert_eq!(made(pattern, &[]), None, "{pattern}");
        }
    }
}
