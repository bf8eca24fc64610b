//! One server to a data directory and to a set of keys: two would speak as one gateway, give out its
//! numbers twice, and one's word that a revocation arrived would stand for both.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

const FILE: &str = "up.lock";

/// Held by the server that runs; the system takes it back when the process ends, however it ends.
pub struct Alone {
    _held: Vec<File>,
}

impl Alone {
    pub fn in_all(directories: &[&Path]) -> Result<Alone> {
        let held = directories.iter().map(|directory| hold(directory));
        Ok(Alone { _held: held.collect::<Result<_>>()? })
    }
}

fn hold(directory: &Path) -> Result<File> {
    let path = directory.join(FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            bail!(
                "a server runs on {} already (process {}): stop it, or give this one directories of its \
                 own with `--data` and `--config`",
                directory.display(),
                process.trim()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("locking {}", path.display()));
        }
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
