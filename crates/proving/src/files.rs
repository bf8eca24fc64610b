//! The forms that the vendor offers for download: real files in a temporary directory of its own.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use crate::random;
use crate::vendor::VendorError;

/// The most that is read of a file, in bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// What those who look for a way out of a directory ask for, and everybody may read.
const SYSTEM_FILES: [&str; 4] = ["/etc/passwd", "/etc/hosts", "/etc/os-release", "/dev/null"];

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

    /// The bytes of the file that `name` leads to from the directory of forms: one of the vendor's
    /// own, or one of the system's that every account reads.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        if !*self.made.get_or_init(|| self.make().is_ok()) {
            return None;
        }
        let path = without_dots(&self.root.join("forms").join(name));
        if path.starts_with(&self.root) { read(&path).ok() } else { system_file(&path) }
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

/// A file outside of the vendor's directory. However weak it is, a vendor for tests must not hand
/// out what is private on the machine that it runs on.
pub(crate) fn system_file(path: &Path) -> Option<Vec<u8>> {
    let is_known = SYSTEM_FILES.iter().any(|known| path == Path::new(known));
    is_known.then(|| read(path).ok()).flatten()
}

/// The first [`MOST_BYTES`] of a file.
fn read(path: &Path) -> io::Result<Vec<u8>> {
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
        assert!(files.file("../../../../../../../../../../etc/passwd").is_some());
        assert_eq!(files.file("/proc/self/environ"), None);
        assert!(root.exists());
        drop(files);
        assert!(!root.exists());
    }

    #[test]
    fn dots_never_lead_above_the_root() {
        assert_eq!(without_dots(Path::new("/a/b/../../../c/./d")), Path::new("/c/d"));
    }
}
