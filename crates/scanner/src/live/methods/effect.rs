//! Own objects: does a method that the document does not name, or a read that is overridden, change them?

use super::Found;
use crate::live::Gap;
use crate::live::scan::Scan;

pub async fn look(_: &Scan<'_>) -> Result<Found, Gap> {
    Ok(Found::default())
}
