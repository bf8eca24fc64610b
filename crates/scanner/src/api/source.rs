//! Reads the files of a description: JSON or YAML, bounded, duplicate keys and lines remembered.

use serde_json::Value;

use crate::report::GapCode;

mod bundle;
mod form;
pub mod json;
mod lines;
pub mod yaml;

pub use form::FORM;
pub use lines::Lines;

/// Bytes of one file, and of all files of one description.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Values of one file, what YAML aliases repeat included.
pub const MOST_VALUES: usize = 8_000_000;
/// Files of one description.
const MOST_FILES: usize = 400;
/// References out of one description that are named when they were not followed.
const MOST_NAMED: usize = 20;

/// Why a file is no description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("`{name}` has {bytes} bytes, more than the {MOST_BYTES} that are read")]
    TooLong { name: String, bytes: usize },
    #[error("`{name}` holds more than {MOST_VALUES} values, repeated ones included")]
    TooMany { name: String },
    #[error("`{name}`, line {line}, column {column}: {reason}")]
    Syntax { name: String, line: usize, column: usize, reason: String },
    #[error("`{name}` is not UTF-8: byte {at}")]
    Encoding { name: String, at: usize },
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Json,
    Yaml,
}

/// One file, read.
#[derive(Debug)]
pub struct File {
    /// As it was named, or where a reference led.
    pub name: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    pub root: Value,
    /// Pointers to keys that stood twice in one object; the last one counts.
    pub duplicates: Vec<String>,
    pub(crate) syntax: Syntax,
    pub(crate) text: String,
}

/// The files of one description; the first is where it begins.
#[derive(Debug, Default)]
pub struct Files {
    pub list: Vec<File>,
    /// References that were not followed: the code, and why in words.
    pub unfollowed: Vec<(GapCode, String)>,
}

/// Gets the bytes of what a reference names, already joined with the place that refers to it.
/// An error says in one sentence why not.
pub type Fetch<'f> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'f;

impl File {
    /// Reads one file. JSON is tried where the text begins like JSON, YAML otherwise.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn read(name: &str, bytes: Vec<u8>) -> Result<Self, SourceError> {
        let name = name.to_owned();
        if bytes.len() > MOST_BYTES {
            return Err(SourceError::TooLong { name, bytes: bytes.len() });
        }
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        let sha256 = hex::encode(digest);
        let text = String::from_utf8(bytes).map_err(|error| SourceError::Encoding {
            name: name.clone(),
            at: error.utf8_error().valid_up_to(),
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let read = match text.trim_start().starts_with(['{', '[']) {
            true => json::read(&name, &text).map(|read| (read, Syntax::Json)).or_else(|error| {
                // Flow YAML looks like JSON; what is neither is told as JSON.
                yaml::read(&name, &text).map(|read| (read, Syntax::Yaml)).map_err(|_| error)
            }),
            false => yaml::read(&name, &text).map(|read| (read, Syntax::Yaml)),
        };
        let ((root, duplicates), syntax) = read?;
        Ok(Self { name, sha256, root, duplicates, syntax, text })
    }
}

impl Files {
    /// A description that is at hand as a value, in one file without a name.
    pub fn of_value(root: Value) -> Self {
        let text = root.to_string();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let (name, sha256, duplicates) = (String::new(), hex::encode(digest), Vec::new());
        let mut file = File { name, sha256, root, duplicates, syntax: Syntax::Json, text };
        form::gather(&mut file.root);
        Self { list: vec![file], unfollowed: Vec::new() }
    }

    /// Reads the first file and whatever its references lead to, as far as `fetch` gives it.
    ///
    /// # Errors
    /// The first file cannot be read. Others are remembered as not followed.
    pub fn read(name: &str, bytes: Vec<u8>, fetch: &Fetch<'_>) -> Result<Self, SourceError> {
        let mut files = Self { list: vec![File::read(name, bytes)?], unfollowed: Vec::new() };
        let mut at = 0;
        let mut total = files.list.first().map_or(0, |file| file.text.len());
        while let Some(file) = files.list.get(at) {
            let mut wanted = Vec::new();
            outside(&file.root, &mut wanted);
            wanted.sort_unstable();
            wanted.dedup();
            let wanted: Vec<_> = wanted.iter().map(|one| joined(&file.name, one)).collect();
            for name in wanted {
                files.follow(name, fetch, &mut total);
            }
            at += 1;
        }
        if let Some(first) = files.list.first_mut() {
            form::gather(&mut first.root);
        }
        Ok(files)
    }

    fn follow(&mut self, name: String, fetch: &Fetch<'_>, total: &mut usize) {
        if self.find(&name).is_some() {
            return;
        }
        if self.list.len() >= MOST_FILES || *total > MOST_BYTES {
            self.miss(GapCode::TooLarge, format!("`{name}`: too many files or bytes before it"));
            return;
        }
        let read = fetch(&name).map_err(|why| (GapCode::Unresolved, format!("`{name}`: {why}")));
        let read = read.and_then(|bytes| {
            File::read(&name, bytes).map_err(|error| (GapCode::Unreadable, error.to_string()))
        });
        match read {
            Ok(file) => {
                *total += file.text.len();
                self.list.push(file);
            }
            Err((code, why)) => self.miss(code, why),
        }
    }

    fn miss(&mut self, code: GapCode, why: String) {
        if self.unfollowed.len() < MOST_NAMED && !self.unfollowed.iter().any(|(_, one)| *one == why)
        {
            self.unfollowed.push((code, why));
        }
    }

    /// The index of a file by its name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|file| file.name == name)
    }
}

/// A JSON Pointer (RFC 6901) of these parts.
fn pointer<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.fold(String::new(), |pointer, part| {
        format!("{pointer}/{}", part.replace('~', "~0").replace('/', "~1"))
    })
}

/// References of a value that lead out of its file, without their fragments.
fn outside<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if key == "$ref" => {
                        let file = text.split('#').next().unwrap_or_default();
                        if !file.is_empty() {
                            found.push(file);
                        }
                    }
                    other => outside(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| outside(one, found)),
        _ => {}
    }
}

/// Where a relative reference of `base` leads (RFC 3986 §5.2 for addresses, the same for paths).
pub fn joined(base: &str, reference: &str) -> String {
    if let Ok(absolute) = url::Url::parse(reference) {
        return absolute.to_string();
    }
    if let Ok(base) = url::Url::parse(base) {
        return base.join(reference).map_or_else(|_| reference.to_owned(), |url| url.to_string());
    }
    if reference.starts_with('/') {
        return reference.to_owned();
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "." | "" => {}
            // Above the root there is nothing.
            ".." if parts == [""] => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "." | "..")) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_with_their_place() {
        for (base, reference, wanted) in [
            ("api.yaml", "schemas/a.yaml", "schemas/a.yaml"),
            ("spec/api.yaml", "./schemas/a.yaml", "spec/schemas/a.yaml"),
            ("spec/paths/x.yaml", "../schemas/a.yaml", "spec/schemas/a.yaml"),
            ("/s/api.yaml", "../../x", "/x"),
            ("../api.yaml", "../x", "../../x"),
            ("https://a.example/v1/api.json", "x.json", "https://a.example/v1/x.json"),
            ("api.yaml", "https://b.example/x.json", "https://b.example/x.json"),
        ] {
            assert_eq!(joined(base, reference), wanted, "{base} + {reference}");
        }
    }

    #[test]
    fn what_is_referred_to_is_read_once_and_what_cannot_be_had_is_named() {
        let fetch = |name: &str| match name {
            "d/b.yaml" => Ok(b"x: {$ref: 'a.json#/y'}\nz: {$ref: 'gone.yaml'}".to_vec()),
            _ => Err("no such file".to_owned()),
        };
        let first = br#"{"p": {"$ref": "b.yaml#/x"}, "q": {"$ref": "b.yaml#/z"}}"#.to_vec();
        let files = Files::read("d/a.json", first, &fetch).expect("readable");
        let names: Vec<_> = files.list.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["d/a.json", "d/b.yaml"]);
        let gaps = [(GapCode::Unresolved, "`d/gone.yaml`: no such file".to_owned())];
        assert_eq!(files.unfollowed, gaps);
    }

    #[test]
    fn what_is_no_text_and_what_is_no_json_is_said_with_its_place() {
        let error = File::read("a", vec![b'{', 0xff]).expect_err("no UTF-8");
        assert_eq!(error, SourceError::Encoding { name: "a".to_owned(), at: 1 });
        let error = File::read("a", b"{\n  \"a\": [1,\n".to_vec()).expect_err("cut off");
        assert!(matches!(error, SourceError::Syntax { line: 3, .. }), "{error}");
    }
}
