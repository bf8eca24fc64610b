//! Snapshots: a cache of one's own fold, sealed with this node's key. Never a source of truth.
//!
//! The seal is HMAC-SHA256 (RFC 2104) over everything behind it, checked before a byte is read: the
//! state has no other way back from bytes. Materials are not inside; they are named by digest, loaded
//! by the caller and hashed again.

mod image;

use aws_lc_rs::hmac;
use ledger::{Frontier, Hash};

use crate::digest::Digest;
use crate::material::{Kind, Material, Materials};
use crate::refusal::Refusal;
use crate::state::State;
use image::Image;

/// How every format begins.
const FAMILY: &[u8] = b"portcullis-snapshot-";
/// This program's format: rules and image may differ in every version, so each reads only its own, and
/// folds the ledger from its beginning once after an upgrade.
const FORMAT: &[u8] =
    concat!("portcullis-snapshot-v1 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();
const TAG: usize = 32;

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("the snapshot was not sealed with this node's key, or was changed since")]
    Seal,
    #[error("the snapshot has another format; fold the ledger from its beginning")]
    Format,
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(String),
    #[error("the snapshot's state and tree do not belong together")]
    Inconsistent,
    #[error("the snapshot names the {kind:?} {digest}, which is not there")]
    MaterialMissing { kind: Kind, digest: Digest },
    #[error("what is stored as {digest} is {found}")]
    MaterialDiffers { digest: Digest, found: Digest },
    #[error("a material of the snapshot is refused: {0}")]
    Material(#[from] Refusal),
}

/// Seals a state and the edge of the tree that it was folded from.
///
/// # Errors
/// `Inconsistent` when they are not of the same size and root.
pub fn seal(state: &State, frontier: &Frontier, key: &[u8; 32]) -> Result<Vec<u8>, SnapshotError> {
    must_belong(state, frontier)?;
    let mut bytes = vec![0; TAG];
    bytes.extend_from_slice(FORMAT);
    let image = Image::of(state, frontier);
    let mut bytes = postcard::to_extend(&image, bytes).map_err(unreadable)?;
    let (tag, sealed) = bytes.split_at_mut(TAG);
    tag.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), sealed).as_ref());
    Ok(bytes)
}

/// Opens what [`seal`] made with the same key. `load` gives the bytes of a material by its digest.
///
/// The caller still compares the frontier's size and root with the ledger before it believes them.
///
/// # Errors
/// `Seal` before anything is read; then whatever keeps the bytes from being this format's state.
pub fn open(
    bytes: &[u8],
    key: &[u8; 32],
    load: impl FnMut(Kind, &Digest) -> Option<Vec<u8>>,
) -> Result<(State, Frontier), SnapshotError> {
    let (tag, sealed) = bytes.split_at_checked(TAG).ok_or(SnapshotError::Seal)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), sealed, tag)
        .map_err(|_| SnapshotError::Seal)?;
    let body = body(sealed)?;
    let (image, rest) = postcard::take_from_bytes::<Image>(body).map_err(unreadable)?;
    if !rest.is_empty() {
        return Err(SnapshotError::Unreadable("something stands behind its end".to_owned()));
    }
    let materials = materials(image.materials(), load)?;
    let (state, frontier) = image.restore(materials)?;
    must_belong(&state, &frontier)?;
    Ok((state, frontier))
}

/// Whether the sealed bytes hold exactly this state and tree, whatever key they were sealed with: for
/// whoever has folded the ledger anew, and for whoever has no key.
///
/// # Errors
/// `Format` for another version's snapshot, which cannot be compared; `Unreadable` for bytes that are none.
pub fn holds(bytes: &[u8], state: &State, frontier: &Frontier) -> Result<bool, SnapshotError> {
    body(bytes.get(TAG..).unwrap_or_default())?;
    let fresh = seal(state, frontier, &[0; TAG])?;
    Ok(fresh.get(TAG..) == bytes.get(TAG..))
}

/// What stands behind the format.
fn body(sealed: &[u8]) -> Result<&[u8], SnapshotError> {
    match sealed.strip_prefix(FORMAT) {
        Some(body) => Ok(body),
        None if sealed.starts_with(FAMILY) => Err(SnapshotError::Format),
        None => Err(SnapshotError::Unreadable("it does not begin as one".to_owned())),
    }
}

/// INVARIANT: the state's newest attested root is the root of its tree.
fn must_belong(state: &State, frontier: &Frontier) -> Result<(), SnapshotError> {
    let root = match state.seen() {
        Some(seen) if seen.size == state.size() => Hash(seen.root.0),
        None if state.size() == 0 => Hash::EMPTY,
        _ => return Err(SnapshotError::Inconsistent),
    };
    match frontier.size() == state.size() && frontier.root() == root {
        true => Ok(()),
        false => Err(SnapshotError::Inconsistent),
    }
}

fn materials(
    named: &[(Kind, Digest)],
    mut load: impl FnMut(Kind, &Digest) -> Option<Vec<u8>>,
) -> Result<Materials, SnapshotError> {
    let mut materials = Materials::default();
    for (kind, digest) in named {
        let (kind, digest) = (*kind, *digest);
        let bytes = load(kind, &digest).ok_or(SnapshotError::MaterialMissing { kind, digest })?;
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(SnapshotError::MaterialDiffers { digest, found });
        }
        materials.insert(digest, Material::read(kind, &bytes)?);
    }
    Ok(materials)
}

fn unreadable(error: postcard::Error) -> SnapshotError {
    SnapshotError::Unreadable(error.to_string())
}
