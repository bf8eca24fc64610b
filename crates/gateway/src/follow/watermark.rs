//! The watermark: the highest (size, root) ever followed, kept beside the keys. Never backwards.

use std::io;
use std::path::Path;

use domain::signature::Seen;

use crate::files;

/// What an earlier run had followed.
///
/// # Errors
/// A file that cannot be read as one: starting without it could go backwards unnoticed.
pub fn read(path: &Path) -> io::Result<Option<Seen>> {
    match files::read(path)? {
        None => Ok(None),
        Some(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
    }
}

/// Replaces the file, durably.
pub fn write(path: &Path, seen: Seen) -> io::Result<()> {
    files::replace(path, &serde_json::to_vec(&seen).map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::digest::Digest;

    #[test]
    fn it_is_read_as_written_and_never_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watermark");
        assert_eq!(read(&path).unwrap(), None);
        let seen = Seen { root: Digest([7; 32]), size: 42 };
        write(&path, seen).unwrap();
        assert_eq!(read(&path).unwrap(), Some(seen));
        std::fs::write(&path, b"{\"size\":1").unwrap();
        assert!(read(&path).is_err());
    }
}
