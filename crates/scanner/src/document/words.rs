//! Identifiers as words: `accessToken`, `access_token` and `Access-Token` say the same.

/// The words of an identifier, in lower case, one space between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(String);

/// Characters of an identifier that are looked at.
const MOST: usize = 200;

impl Words {
    /// Splits at whatever is no letter or digit, and where a capital begins a word.
    pub fn of(text: &str) -> Self {
        let mut words = String::new();
        let mut word = String::new();
        let letters: Vec<char> = text.chars().take(MOST).collect();
        for (at, &letter) in letters.iter().enumerate() {
            if !letter.is_alphanumeric() {
                finish(&mut word, &mut words);
                continue;
            }
            if letter.is_uppercase() && begins(&letters, at) {
                finish(&mut word, &mut words);
            }
            word.extend(letter.to_lowercase());
        }
        finish(&mut word, &mut words);
        Self(words)
    }

    /// The first of these phrases that stands in it, word by word. Phrases are in lower case, their
    /// words parted by one space.
    pub fn says(&self, phrases: &[&'static str]) -> Option<&'static str> {
        let open = |text: Option<&str>, space: fn(&str) -> bool| {
            text.is_none_or(|text| text.is_empty() || space(text))
        };
        let stands = |phrase: &&&str| {
            self.0.match_indices(**phrase).any(|(at, found)| {
                let after = self.0.get(at + found.len()..);
                open(self.0.get(..at), |text| text.ends_with(' '))
                    && open(after, |text| text.starts_with(' '))
            })
        };
        phrases.iter().find(stands).copied()
    }

    /// The first of these phrases that it ends with: what the identifier is, not what it is about.
    pub fn ends(&self, phrases: &[&'static str]) -> Option<&'static str> {
        let stands = |phrase: &&&str| {
            let before = self.0.strip_suffix(**phrase);
            before.is_some_and(|text| text.is_empty() || text.ends_with(' '))
        };
        phrases.iter().find(stands).copied()
    }

    /// The first of these phrases that it starts with.
    pub fn starts(&self, phrases: &[&'static str]) -> Option<&'static str> {
        let stands = |phrase: &&&str| {
            let after = self.0.strip_prefix(**phrase);
            after.is_some_and(|text| text.is_empty() || text.starts_with(' '))
        };
        phrases.iter().find(stands).copied()
    }

    /// The one of these phrases that it is.
    pub fn is(&self, phrases: &[&'static str]) -> Option<&'static str> {
        phrases.iter().find(|phrase| self.0 == **phrase).copied()
    }

    /// True if it is more than one word.
    pub fn are_many(&self) -> bool {
        self.0.contains(' ')
    }

    pub fn first(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    pub fn last(&self) -> &str {
        self.0.rsplit(' ').next().unwrap_or_default()
    }
}

/// True if a word begins at this capital: `aB`, `ABc` at `B`, and not in `IDs`.
fn begins(letters: &[char], at: usize) -> bool {
    let near = |step: usize| letters.get(at + step).copied();
    let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
    let Some(before) = before else { return false };
    if !before.is_uppercase() {
        return true;
    }
    let plural = near(1) == Some('s') && near(2).is_none_or(|next| !next.is_lowercase());
    near(1).is_some_and(char::is_lowercase) && !plural
}

/// `oauth2` and `sha256` are the words `oauth` and `sha`; `v2` and `s3` stay.
fn finish(word: &mut String, words: &mut String) {
    let plain = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if plain.chars().count() > 2 {
        word.truncate(plain.len());
    }
    if !word.is_empty() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_name_gives_the_same_words() {
        for (text, wanted) in [
            ("accessToken", "access token"),
            ("ACCESS_TOKEN", "access token"),
            ("X-Access-Token", "x access token"),
            ("userIDs", "user ids"),
            ("HTTPServerURL", "http server url"),
            ("oauth2Client", "oauth client"),
            ("v2", "v2"),
            ("s3Key", "s3 key"),
            ("filter[user.id]", "filter user id"),
            ("", ""),
            ("größeÄndern", "größe ändern"),
        ] {
            assert_eq!(Words::of(text).0, wanted, "{text}");
        }
    }

    #[test]
    fn phrases_match_whole_words() {
        let words = Words::of("clientSecretHash");
        assert_eq!(words.says(&["secret"]), Some("secret"));
        assert_eq!(words.says(&["client secret"]), Some("client secret"));
        assert_eq!(words.says(&["sec", "cret", "secret client"]), None);
        assert_eq!((words.ends(&["hash"]), words.ends(&["secret"])), (Some("hash"), None));
        assert_eq!(words.starts(&["client"]), Some("client"));
        assert_eq!(Words::of("a").ends(&["b a"]), None);
        assert_eq!(words.is(&["client secret", "client secret hash"]), Some("client secret hash"));
    }
}
