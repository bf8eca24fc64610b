//! The nearest of the names that exist, for whoever mistyped one.

/// The name that takes the fewest changes of a letter, if that is less than half of them.
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = names.into_iter().map(|name| (distance(text, name), name));
    let (changes, name) = distances.min_by_key(|(changes, _)| *changes)?;
    (changes * 2 <= text.chars().count().max(name.chars().count())).then_some(name)
}

/// `; did you mean …?`, or nothing.
pub fn hint<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(text, names).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// How many letters have to be added, taken away or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut before = line;
        let mut left = line + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let changed = before + usize::from(letter != *other);
            before = *cell;
            left = changed.min(before + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (from, to, changes) in
            [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(from, to), changes, "{from} {to}");
            assert_eq!(distance(to, from), changes, "{to} {from}");
        }
    }

    #[test]
    fn only_what_is_near_is_offered() {
        let names = ["transport", "authentication", "rate-limit"];
        assert_eq!(nearest("authentification", names), Some("authentication"));
        assert_eq!(nearest("rate_limit", names), Some("rate-limit"));
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(hint("transprot", names), "; did you mean `transport`?");
    }
}
