//! Random names and secrets, from the cryptographic generator.

use crate::vendor::VendorError;

/// `N` random bytes in lower-case hexadecimal, `2 * N` characters.
pub(crate) fn hex<const N: usize>() -> Result<String, VendorError> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| VendorError::Randomness)?;
    Ok(hex::encode(bytes))
}
