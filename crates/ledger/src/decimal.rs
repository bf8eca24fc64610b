//! The decimal numbers of C2SP texts: ASCII digits, no sign, no leading zero.

/// Reads the one spelling that `u64` prints; anything else is `None`.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_the_printed_spelling_is_read() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        for refused in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "١", "18446744073709551616"]
        {
            assert_eq!(parse(refused), None, "{refused:?}");
        }
    }
}
