//! Scope names and titles, made from a document's tags and paths.

/// The longest scope name, in bytes.
pub const LONGEST_NAME: usize = 80;
const LONGEST_SLUG: usize = 64;

/// Whether a name is `[a-z0-9][a-z0-9._-]*(:[a-z]+)?` and at most 80 bytes long.
pub fn is_name(name: &str) -> bool {
    let (subject, verb) = match name.split_once(':') {
        Some((subject, verb)) => (subject, Some(verb)),
        None => (name, None),
    };
    name.len() <= LONGEST_NAME
        && subject.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && subject.chars().all(is_slug_character)
        && verb.is_none_or(|verb| {
            !verb.is_empty() && verb.chars().all(|character| character.is_ascii_lowercase())
        })
}

fn is_slug_character(character: char) -> bool {
    character.is_ascii_lowercase()
        || character.is_ascii_digit()
        || matches!(character, '.' | '_' | '-')
}

/// `User Data` as `user-data`; `None` when nothing of the text is left.
pub fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        if slug.len() == LONGEST_SLUG {
            break;
        }
        if is_slug_character(character) {
            slug.push(character);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(|edge| matches!(edge, '-' | '.' | '_'));
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// What an operation without a tag is about: the first telling word of its path template.
///
/// Parameters, `api`, `rest` and versions (`v1`, `2024-01`) tell nothing; `api` when nothing does.
pub fn subject_of_path(template: &str) -> String {
    let literal = |segment: &&str| !segment.contains('{');
    template
        .split('/')
        .filter(literal)
        .filter_map(slug)
        .find(|slug| !is_version(slug) && slug != "api" && slug != "rest")
        .unwrap_or_else(|| "api".to_owned())
}

fn is_version(slug: &str) -> bool {
    let digits = slug.strip_prefix('v').unwrap_or(slug);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .split(|character: char| {
                character.is_ascii_digit() || matches!(character, '.' | '-' | '_')
            })
            .all(|word| matches!(word, "" | "alpha" | "beta" | "rc"))
}

/// Whether a tag or path segment names administration: the word `admin` in any of its forms, or
/// the whole text being one of a few names for the same.
pub fn is_administrative(text: &str) -> bool {
    const WHOLE: [&str; 6] =
        ["back-office", "backoffice", "internal", "manage", "management", "sudo"];
    const WORDS: [&str; 8] = [
        "admin",
        "administer",
        "administration",
        "administrative",
        "administrator",
        "administrators",
        "admins",
        "superuser",
    ];
    WHOLE.iter().any(|whole| text.eq_ignore_ascii_case(whole))
        || words(text).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// `siteAdmin_users` as `site`, `admin`, `users`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lowercase = false;
    for character in text.chars() {
        let boundary = !character.is_ascii_alphanumeric()
            || (after_lowercase && character.is_ascii_uppercase());
        if boundary {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(character.to_ascii_lowercase());
        }
        after_lowercase = character.is_ascii_lowercase();
    }
    words
}

/// A document's text for people: one line, at most `longest` characters, no character that is
/// invisible or changes the direction of what stands beside it.
pub fn plain_text(text: &str, longest: usize) -> String {
    let visible = |character: char| if is_hidden(character) { ' ' } else { character };
    let line: String = text.chars().take(longest.saturating_mul(4)).map(visible).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(longest).collect::<String>().trim_end().to_owned()
}

/// Whether a text is what `plain_text` leaves of it.
pub fn is_plain_text(text: &str, longest: usize) -> bool {
    plain_text(text, longest) == text
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        for name in ["parcels:read", "a", "0.b_c-d:write", "users.admin:write"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ":read", "a:", "a:b:c", "A:read", "a b", "-a", "a:Read", "a:r1", "é"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(!is_name(&"a".repeat(81)));
    }

    #[test]
    fn slugs_are_names() {
        for (text, expected) in [
            ("Parcels", Some("parcels")),
            ("User  Data!", Some("user-data")),
            ("a/b (c)", Some("a-b-c")),
            ("..x..", Some("x")),
            ("包裹", None),
            ("", None),
            ("--", None),
        ] {
            assert_eq!(slug(text).as_deref(), expected, "{text}");
        }
        assert!(is_name(&slug(&"Ab ".repeat(400)).unwrap()));
    }

    #[test]
    fn paths_without_tags_still_tell_their_subject() {
        for (template, expected) in [
            ("/v1/customers/{id}", "customers"),
            ("/api/v2.1/Parcels", "parcels"),
            ("/api/rest/2024-01/orders", "orders"),
            ("/v1beta1/things", "things"),
            ("/v1beta/vehicles", "vehicles"),
            ("/{tenant}/users", "users"),
            ("/{tenant}", "api"),
            ("/", "api"),
        ] {
            assert_eq!(subject_of_path(template), expected, "{template}");
        }
    }

    #[test]
    fn administration_is_told_by_word_not_by_substring() {
        for text in
            ["admin", "Admins", "site_admin", "siteAdmin", "user-administration", "Management"]
        {
            assert!(is_administrative(text), "{text}");
        }
        for text in ["badminton", "order-management", "administrivia", "users", ""] {
            assert!(!is_administrative(text), "{text}");
        }
    }

    #[test]
    fn text_for_people_hides_nothing() {
        assert_eq!(plain_text("a\u{202E}b\n\tc\u{200B} d  ", 100), "a b c d");
        assert_eq!(plain_text("abcdef", 3), "abc");
        assert_eq!(plain_text("ab cdef", 3), "ab");
        assert!(is_plain_text("Parcels: read", 100));
        assert!(!is_plain_text("Parcels\u{0}", 100));
    }
}
