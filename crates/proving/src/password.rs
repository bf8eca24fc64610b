//! Passwords: kept as PBKDF2 hashes (RFC 8018 §5.2), compared in constant time.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};

use crate::random;
use crate::vendor::VendorError;

/// Few, so that the tests are quick; a real vendor takes many more.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1_999);
const HASH_BYTES: usize = 32;

/// `pbkdf2-sha256$SALT$HASH`, with a fresh salt.
pub(crate) fn hash(password: &str) -> Result<String, VendorError> {
    let salt = random::hex::<16>()?;
    let mut hash = [0_u8; HASH_BYTES];
    pbkdf2::derive(PBKDF2_HMAC_SHA256, ROUNDS, salt.as_bytes(), password.as_bytes(), &mut hash);
    Ok(format!("pbkdf2-sha256${salt}${}", hex::encode(hash)))
}

/// Whether `password` made `hash`. It takes as long for a hash that no password makes.
pub(crate) fn fits(password: &str, hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    let salt = parts.next().unwrap_or_default();
    let expected = parts.next().and_then(|hash| hex::decode(hash).ok());
    let expected = expected.filter(|hash| hash.len() == HASH_BYTES);
    let expected = expected.unwrap_or_else(|| vec![0; HASH_BYTES]);
    let (salt, password) = (salt.as_bytes(), password.as_bytes());
    pbkdf2::verify(PBKDF2_HMAC_SHA256, ROUNDS, salt, password, &expected).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash() {
        let made = hash("correct horse").unwrap();
        assert!(fits("correct horse", &made));
        assert!(!fits("correct house", &made));
        assert!(!fits("correct horse", "$2b$12$abcdef"));
        assert!(!fits("", ""));
        assert_ne!(made, hash("correct horse").unwrap(), "every hash has its own salt");
    }
}
