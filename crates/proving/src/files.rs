//! The forms that the vendor offers for download: real files in a temporary directory of its own.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use crate::random;
use crate::vendor::VendorError;

/// The most that is read of a file, in bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// Every form with its text.
pub(crate) const FORMS: [(&str, &str); 2] = [
    ("customs.txt", "CUSTOMS DECLARATION CN 23\nSender:\nRecipient:\nContents:\nValue:\n"),
    ("claim.txt", "CLAIM FOR A LOST PARCEL\nParcel:\nSent on:\nValue:\n"),
];

/// A directory with the forms, and beside it a file that is nobody's business. It is made for the
/// first download and removed with this value.
pub(crate) struct Files {
    root: PathBuf,
    made: OnceLock<bool>,
}

impl Files {
    pub(crate) fn new() -> Result<Self, VendorError> {
        let root = std::env::temp_dir().join(format!("parcel-{}", random::hex::<8>()?));
        Ok(Self { root, made: OnceLock::new() })
    }

    /// The text of a form; `name` must be one of [`FORMS`].
    pub(crate) fn form(&self, name: &str) -> Option<Vec<u8>> {
        FORMS.iter().any(|(form, _)| *form == name).then(|| self.file(name)).flatten()
    }

    /// The bytes of any file that can be reached by `name` from the directory of forms.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        if !*self.made.get_or_init(|| self.make().is_ok()) {
            return None;
        }
        let path = without_dots(&self.root.join("forms").join(name));
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        read(&path).ok()
    }

    fn make(&self) -> io::Result<()> {
        let forms = self.root.join("forms");
        fs::create_dir_all(&forms)?;
        for (name, text) in FORMS {
            fs::write(forms.join(name), text)?;
        }
        fs::write(self.root.join("settings.ini"), "[database]\nuser = parcel\npassword = hunter2\n")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.made.get().is_some() {
            // What cannot be removed is left to whoever tidies the temporary directory.
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// The first [`MOST_BYTES`] of a file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path that `.` and `..` lead to, whether or not its folders exist.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => (),
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_the_directory_goes_with_its_owner() {
        let files = Files::new().unwrap();
        let root = files.root.clone();
        assert!(!root.exists());
        assert!(files.form("customs.txt").is_some());
        assert_eq!(files.form("../settings.ini"), None);
        assert!(files.file("../settings.ini").is_some());
        assert!(root.exists());
        drop(files);
        assert!(!root.exists());
    }

    #[test]
    fn dots_never_lead_above_the_root() {
        assert_eq!(without_dots(Path::new("/a/b/../../../c/./d")), Path::new("/c/d"));
    }
}
