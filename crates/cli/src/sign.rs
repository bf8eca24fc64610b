//! Signing as a person: with an SSH key in a file, in an agent or on hardware (PROTOCOL.sshsig).
//!
//! `shown` is what they see before: a summary made here, and the statement itself.

mod act;
mod evidence;
mod request;
mod shown;
pub mod texts;
mod ticket;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::signature::PublicKey;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use crate::exit::{No, reading};
use crate::home::Home;

pub use act::act;
pub use request::request;
pub use shown::Shown;
pub use ticket::{attestation, ticket};
pub use words::plain;

/// A key that signs. Hardware keys, agents and keys with a passphrase sign through `ssh-keygen`.
pub enum Signer {
    File { key: Box<PrivateKey>, public: PublicKey },
    Keygen { path: PathBuf, public: PublicKey },
}

impl Signer {
    /// The key at `path`: a private key, or a public one whose private part an agent holds.
    pub fn load(path: &Path) -> Result<Signer> {
        let private = path.with_extension("");
        let path = if path.extension().is_some_and(|e| e == "pub") && private.exists() {
            private
        } else {
            path.to_owned()
        };
        let text = std::fs::read_to_string(&path).with_context(|| reading(&path))?;
        if let Ok(key) = PrivateKey::from_openssh(&text) {
            let public = PublicKey::from_openssh(&key.public_key().to_openssh()?)?;
            let hardware = key.algorithm().as_str().starts_with("sk-");
            if !key.is_encrypted() && !hardware {
                return Ok(Signer::File { key: Box::new(key), public });
            }
            return Ok(Signer::Keygen { path, public });
        }
        let public = PublicKey::from_openssh(&text)
            .with_context(|| No::Usage(format!("{} is no OpenSSH key", path.display())))?;
        Ok(Signer::Keygen { path, public })
    }

    /// `--key`, else the key made for the purpose, else the user's usual one.
    pub fn find(home: &Home, key: Option<&Path>) -> Result<Signer> {
        if let Some(path) = key {
            return Signer::load(path);
        }
        let mut places = vec![home.config.join("operator_ed25519")];
        if let Some(user) = std::env::var_os("HOME") {
            let ssh = PathBuf::from(user).join(".ssh");
            places.extend(["id_ed25519", "id_ecdsa", "id_rsa"].map(|name| ssh.join(name)));
        }
        match places.iter().find(|place| place.exists()) {
            Some(place) => Signer::load(place),
            None => Err(No::usage(
                "no SSH key found; name one with `--key FILE` or make one with \
                 `ssh-keygen -t ed25519`",
            )),
        }
    }

    pub fn public(&self) -> &PublicKey {
        match self {
            Signer::File { public, .. } | Signer::Keygen { public, .. } => public,
        }
    }

    /// The SSHSIG blob over `message`.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>> {
        match self {
            Signer::File { key, .. } => {
                let signature = key.sign(namespace, HashAlg::Sha512, message)?;
                blob(&signature.to_pem(LineEnding::LF)?)
            }
            Signer::Keygen { path, .. } => keygen(path, namespace, message),
        }
    }
}

/// `ssh-keygen -Y sign` asks for passphrase or touch on the terminal, or asks the agent.
fn keygen(path: &Path, namespace: &str, message: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", namespace, "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting ssh-keygen (Debian package openssh-client)")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(message)?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(No::refused(format!("ssh-keygen did not sign with {}", path.display())));
    }
    blob(std::str::from_utf8(&output.stdout).context("ssh-keygen printed no signature")?)
}

/// The bytes inside the armour.
fn blob(pem: &str) -> Result<Vec<u8>> {
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(inside.trim()).context("the signature's armour is not base 64")
}
