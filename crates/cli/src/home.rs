//! Where a client and a server keep what is theirs: configuration, keys, session, data.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// The user's directories.
#[derive(Debug, Clone)]
pub struct Home {
    /// Keys and the session; never the data.
    pub config: PathBuf,
}

/// An open session with a server.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub expires: u64,
    /// The ledger's genesis hash: what this client signs is for that ledger only.
    pub genesis: String,
    pub person: String,
    pub session: String,
    pub url: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.session.zeroize();
    }
}

impl Home {
    /// `--config`, else `$XDG_CONFIG_HOME/portcullis`, else `~/.config/portcullis`.
    pub fn find(config: Option<&Path>) -> Result<Home> {
        let config = match config {
            Some(path) => path.to_owned(),
            None => base("XDG_CONFIG_HOME", ".config")?.join("portcullis"),
        };
        Ok(Home { config })
    }

    /// The default data directory of a server: `$XDG_DATA_HOME/portcullis`, else `~/.local/share/portcullis`.
    pub fn data() -> Result<PathBuf> {
        Ok(base("XDG_DATA_HOME", ".local/share")?.join("portcullis"))
    }

    pub fn keys(&self) -> PathBuf {
        self.config.join("keys")
    }

    fn session_file(&self) -> PathBuf {
        self.config.join("session.json")
    }

    pub fn session(&self) -> Result<Option<Session>> {
        let file = self.session_file();
        match fs::read(&file) {
            Ok(bytes) => {
                let session = serde_json::from_slice(&bytes);
                session.map(Some).with_context(|| format!("{} is unreadable", file.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    pub fn save_session(&self, session: &Session) -> Result<()> {
        private_dir(&self.config)?;
        write_private(&self.session_file(), &serde_json::to_vec_pretty(session)?)
    }

    pub fn forget_session(&self) -> Result<()> {
        match fs::remove_file(self.session_file()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn base(variable: &str, below_home: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    let home = std::env::var_os("HOME").context("HOME is not set; name the directory yourself")?;
    Ok(PathBuf::from(home).join(below_home))
}

/// Makes a directory that only its owner enters.
pub fn private_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making {}", path.display()))
}

/// Sees that [`write_private`] will find a place, before something is made that would be lost.
pub fn must_take(path: &Path) -> Result<()> {
    let taken = || -> std::io::Result<()> {
        if path.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        fs::OpenOptions::new().write(true).create(true).truncate(true).open(beside(path))?;
        fs::remove_file(beside(path))
    };
    taken().with_context(|| format!("nothing was made: writing {}", path.display()))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}

/// Writes a file that only its owner reads, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = beside(path);
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}
