//! Key files: the seeds of machines and the vault's keys, in a private directory outside the data.
//!
//! One file for each use, one line for each key: `portcullis-key-v1 <use> <name> <base 64 of 32 bytes>`.
//! The last line is the key in use; only the vault reads the earlier ones.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::vault::{Vault, VaultError, random};

const HEADER: &str = "portcullis-key-v1";

/// What a key is for; its file is `<use>.key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Ed25519: attests batches. The name is the node's id.
    Node,
    /// Ed25519: signs receipts and segments. The name is the gateway's id.
    Gateway,
    /// X25519: opens leases. The name is the gateway's id.
    Sealing,
    /// Ed25519: signs answers of probes. The name is the runner's id.
    Runner,
    /// Ed25519: signs the log's checkpoints for outsiders. The name is the log's origin.
    Log,
    /// AES-256: wraps the vault's data keys. The name is a number, counting up.
    Vault,
}

impl Use {
    pub fn name(self) -> &'static str {
        match self {
            Use::Node => "node",
            Use::Gateway => "gateway",
            Use::Sealing => "sealing",
            Use::Runner => "runner",
            Use::Log => "log",
            Use::Vault => "vault",
        }
    }
}

/// 32 secret bytes and the name they go by. Only the name prints.
#[derive(Clone)]
pub struct Key {
    pub name: String,
    pub bytes: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.name)
    }
}

/// Why keys cannot be used. Never holds a part of one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("`{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "`{path}` can be read or changed by others (mode {mode:03o}); \
         run `chmod {wanted:o} {path}` and think about who could have read it"
    )]
    Open { path: PathBuf, mode: u32, wanted: u32 },
    #[error(
        "`{keys}` lies in the data directory `{data}`; keep keys where backups of data do not go"
    )]
    InsideData { keys: PathBuf, data: PathBuf },
    #[error("`{path}` line {line}: expected `{HEADER} {wanted} <name> <base 64 of 32 bytes>`")]
    Unreadable { path: PathBuf, line: usize, wanted: &'static str },
    #[error("`{0}` exists already; keys are never replaced")]
    Exists(PathBuf),
    #[error(
        "`{0}` is not there; `portcullis up` makes it at the first start, later put it back from your copy"
    )]
    Missing(PathBuf),
    #[error("`{0}` is not a key's name; it has no spaces")]
    Name(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A private directory of key files.
#[derive(Debug, Clone)]
pub struct KeyDirectory(PathBuf);

impl KeyDirectory {
    /// The directory at `path`, made with mode 0700 when it is missing; `data` is the data directory,
    /// in which it may not lie.
    pub fn open(path: &Path, data: Option<&Path>) -> Result<KeyDirectory, KeyError> {
        let built = DirBuilder::new().recursive(true).mode(0o700).create(path);
        built.map_err(|source| failed(path, source))?;
        let path = fs::canonicalize(path).map_err(|source| failed(path, source))?;
        if let Some(data) = data.and_then(|data| fs::canonicalize(data).ok())
            && path.starts_with(&data)
        {
            return Err(KeyError::InsideData { keys: path, data });
        }
        must_be_private(&path, 0o700)?;
        Ok(KeyDirectory(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the node's watermark lies (see [`crate::journal::Journal::open`]).
    pub fn watermark(&self) -> PathBuf {
        self.0.join("watermark")
    }

    /// The key in use.
    pub fn load(&self, wanted: Use) -> Result<Key, KeyError> {
        let keys = self.load_all(wanted)?;
        keys.into_iter().next_back().ok_or_else(|| KeyError::Missing(self.file(wanted)))
    }

    /// Whether there is a key for this use.
    pub fn has(&self, wanted: Use) -> bool {
        self.file(wanted).exists()
    }

    /// Makes a key of random bytes, in a file that did not exist: whole, or not at all.
    pub fn create(&self, wanted: Use, name: &str) -> Result<Key, KeyError> {
        let key = Key { name: must_be_name(name)?, bytes: random::<32>()? };
        self.write(wanted, std::slice::from_ref(&key), |fresh, file| {
            // A link, unlike a renaming, never replaces.
            fs::hard_link(fresh, file).and_then(|()| fs::remove_file(fresh))
        })?;
        Ok(key)
    }

    /// Adds a vault key: it seals from now on, and the earlier ones still open.
    pub fn add_vault_key(&self) -> Result<(), KeyError> {
        let mut keys = self.load_all(Use::Vault)?;
        let newest = keys.iter().filter_map(|key| key.name.parse::<u32>().ok()).max();
        let name = newest.unwrap_or(0).saturating_add(1).to_string();
        keys.push(Key { name, bytes: random::<32>()? });
        self.write(Use::Vault, &keys, |fresh, file| fs::rename(fresh, file))
    }

    /// The vault under all its keys.
    pub fn vault(&self) -> Result<Vault, KeyError> {
        let path = self.file(Use::Vault);
        let keys = self.load_all(Use::Vault)?.into_iter().zip(1..).map(|(key, line)| {
            let number = key.name.parse();
            let unreadable = |_| KeyError::Unreadable { path: path.clone(), line, wanted: "vault" };
            number.map(|number| (number, key.bytes)).map_err(unreadable)
        });
        Ok(Vault::new(keys.collect::<Result<Vec<_>, _>>()?)?)
    }

    fn file(&self, wanted: Use) -> PathBuf {
        self.0.join(format!("{}.key", wanted.name()))
    }

    fn load_all(&self, wanted: Use) -> Result<Vec<Key>, KeyError> {
        let path = self.file(wanted);
        let text = match fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyError::Missing(path));
            }
            Err(source) => return Err(failed(&path, source)),
        };
        must_be_private(&path, 0o600)?;
        let parsed = text.lines().zip(1..).map(|(text, line)| {
            let unreadable =
                || KeyError::Unreadable { path: path.clone(), line, wanted: wanted.name() };
            parse(wanted, text).ok_or_else(unreadable)
        });
        parsed.collect()
    }

    /// Writes a private file beside the real one, to the disk, and then puts it in its place.
    fn write(
        &self,
        wanted: Use,
        keys: &[Key],
        place: impl FnOnce(&Path, &Path) -> io::Result<()>,
    ) -> Result<(), KeyError> {
        let path = self.file(wanted);
        let fresh = self.0.join(format!(".{}.{}.new", wanted.name(), std::process::id()));
        let mut text = Zeroizing::new(String::with_capacity(256 * keys.len()));
        for key in keys {
            let bytes = Zeroizing::new(BASE64.encode(key.bytes.as_slice()));
            [HEADER, " ", wanted.name(), " ", &key.name, " ", &bytes, "\n"]
                .iter()
                .for_each(|part| text.push_str(part));
        }
        let written = save(&fresh, text.as_bytes())
            .and_then(|()| place(&fresh, &path))
            .and_then(|()| File::open(&self.0)?.sync_all());
        written.map_err(|source| {
            let _ = fs::remove_file(&fresh);
            match source.kind() {
                io::ErrorKind::AlreadyExists => KeyError::Exists(path),
                _ => failed(&path, source),
            }
        })
    }
}

fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Left over from a process of the same number that was killed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn parse(wanted: Use, line: &str) -> Option<Key> {
    let mut words = line.split(' ');
    let (header, purpose) = (words.next()?, words.next()?);
    let (name, bytes) = (words.next()?, words.next()?);
    if header != HEADER || purpose != wanted.name() || words.next().is_some() {
        return None;
    }
    let bytes = Zeroizing::new(BASE64.decode(bytes).ok()?);
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
    Some(Key { name: must_be_name(name).ok()?, bytes })
}

fn must_be_name(name: &str) -> Result<String, KeyError> {
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(name.to_owned()),
        false => Err(KeyError::Name(name.to_owned())),
    }
}

fn must_be_private(path: &Path, wanted: u32) -> Result<(), KeyError> {
    let mode = fs::metadata(path).map_err(|source| failed(path, source))?.mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyError::Open { path: path.to_owned(), mode, wanted }),
    }
}

fn failed(path: &Path, source: io::Error) -> KeyError {
    KeyError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
