//! False forms of a credential that is no token: one that lacks its end, one with a wrong character.

use super::{Defence, Forgery, derived};
use crate::order::Placement;
use crate::secret::Secret;

/// Of a Basic credential the password is forged. Empty if it is too short to be changed.
pub fn forgeries(credential: &Secret, placement: &Placement) -> Vec<Forgery> {
    let text = credential.expose();
    let fixed = match (placement, text.split_once(':')) {
        (Placement::Basic, Some((user, _))) => user.len() + 1,
        _ => 0,
    };
    let secret = text.len().saturating_sub(fixed);
    if secret < 4 || !text.is_ascii() {
        return Vec::new();
    }
    let kept = fixed + secret * 3 / 4;
    let changed = fixed + secret / 2;
    let letter = if text.as_bytes().get(changed) == Some(&b'x') { 'y' } else { 'x' };
    let replaced: String = text
        .char_indices()
        .map(|(index, character)| if index == changed { letter } else { character })
        .collect();
    let truncated: String = text.chars().take(kept).collect();
    vec![
        Forgery::new(
            Defence::Unsigned,
            "its last quarter cut off",
            derived(truncated, format!(r#"$(printf %s "$A" | cut -c1-{kept})"#)),
        ),
        Forgery::new(
            Defence::Signature,
            "one character changed",
            derived(replaced, format!(r#"$(printf %s "$A" | sed 's/./{letter}/{}')"#, changed + 1)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_credentials_are_cut_and_changed_after_the_user_name() {
        let made = forgeries(&Secret::new("bob:abcdefgh".to_owned()), &Placement::Basic);
        let values: Vec<_> = made.iter().map(|one| one.presented.value.expose()).collect();
        assert_eq!(values, ["bob:abcdef", "bob:abcdxfgh"]);
        assert!(made[1].presented.shown.contains("s/./x/9"));
        assert!(forgeries(&Secret::new("abc".to_owned()), &Placement::Bearer).is_empty());
    }
}
