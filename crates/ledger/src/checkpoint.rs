//! Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log as the text of a signed note.

use std::fmt;
use std::str::FromStr;

use crate::decimal;
use crate::hash::Hash;
use crate::note::{self, Note, NoteError, Signer, VerifierKey};
use crate::{Frontier, MAX_SIZE};

/// What a log looks like at one size. Prints and parses as a note's text: the origin, the size and the
/// root in base64, a line each, then any extension lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

/// Why a text is not a checkpoint, or not one of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the first line, the origin, is not empty and has no control characters")]
    Origin,
    #[error("the second line is the tree size: a decimal number without leading zeros, below 2^63")]
    Size,
    #[error("the third line is the root: 32 bytes in padded base64")]
    Root,
    #[error("an extension line is not empty and has no control characters")]
    Extension,
    #[error("a checkpoint has at least three lines, each ending in a newline")]
    Lines,
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    OtherOrigin { expected: String, found: String },
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl CheckpointError {
    /// The stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            CheckpointError::Origin => "checkpoint-origin",
            CheckpointError::Size => "checkpoint-size",
            CheckpointError::Root => "checkpoint-root",
            CheckpointError::Extension => "checkpoint-extension",
            CheckpointError::Lines => "checkpoint-lines",
            CheckpointError::OtherOrigin { .. } => "other-origin",
            CheckpointError::Note(refusal) => refusal.code(),
        }
    }
}

impl Checkpoint {
    /// A checkpoint without extensions. The origin is one line, ideally a URL without its scheme; the
    /// size is below 2^63.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Checkpoint, CheckpointError> {
        if !is_line(origin) {
            return Err(CheckpointError::Origin);
        }
        if size > MAX_SIZE {
            return Err(CheckpointError::Size);
        }
        Ok(Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() })
    }

    /// The checkpoint of the tree that `frontier` is the edge of.
    pub fn of(origin: &str, frontier: &Frontier) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::new(origin, frontier.size(), frontier.root())
    }

    /// Which log this is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash of those entries.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// The lines after the root, as they were read.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The checkpoint as a note signed by each of `signers`. A node's signature over its log's checkpoint
    /// is an attestation. Never sign two checkpoints of which neither extends the other.
    pub fn sign(&self, signers: &[&Signer]) -> Result<Note, NoteError> {
        Note::sign(&self.to_string(), signers)
    }

    /// The checkpoint in a signed note, if it is one of `origin` and at least one of `keys` signed it,
    /// with the keys that did; [`Note::verify`] says how signatures are judged.
    pub fn open<'k>(
        note: &[u8],
        origin: &str,
        keys: &'k [VerifierKey],
    ) -> Result<(Checkpoint, Vec<&'k VerifierKey>), CheckpointError> {
        let (text, signers) = note::open(note, keys)?;
        let checkpoint: Checkpoint = text.parse()?;
        if checkpoint.origin != origin {
            let (expected, found) = (origin.to_owned(), checkpoint.origin);
            return Err(CheckpointError::OtherOrigin { expected, found });
        }
        Ok((checkpoint, signers))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads a checkpoint in its one spelling, extension lines included.
    fn from_str(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Lines);
        let (origin, size, root) = (line()?, line()?, line()?);
        let size = decimal::parse(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Root)?;
        let mut checkpoint = Checkpoint::new(origin, size, root)?;
        for line in lines {
            if !is_line(line) {
                return Err(CheckpointError::Extension);
            }
            checkpoint.extensions.push(line.to_owned());
        }
        Ok(checkpoint)
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    const ORIGIN: &str = "example.com/behind-the-sofa";
    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::from_seed(name, &Zeroizing::new([seed; 32])).unwrap()
    }

    /// The text is the example of the specification.
    #[test]
    fn the_specifications_example_is_read_and_printed() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size()), (ORIGIN, 20_852_163));
        assert_eq!(checkpoint.root().to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
        assert_eq!(checkpoint.to_string(), TEXT);
        assert_eq!(Checkpoint::new(ORIGIN, 20_852_163, checkpoint.root()), Ok(checkpoint));
    }

    #[test]
    fn extension_lines_are_kept() {
        let text = format!("{TEXT}one\ntwo words\n");
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!(checkpoint.extensions(), ["one", "two words"]);
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for (text, refusal) in [
            (String::new(), CheckpointError::Lines),
            ("origin\n1\n".into(), CheckpointError::Lines),
            (format!("origin\n1\n{root}"), CheckpointError::Lines),
            (format!("\n1\n{root}\n"), CheckpointError::Origin),
            (format!("ori\u{1}gin\n1\n{root}\n"), CheckpointError::Origin),
            (format!("origin\n01\n{root}\n"), CheckpointError::Size),
            (format!("origin\n+1\n{root}\n"), CheckpointError::Size),
            (format!("origin\n\n{root}\n"), CheckpointError::Size),
            (format!("origin\n1\r\n{root}\n"), CheckpointError::Size),
            (format!("origin\n9223372036854775808\n{root}\n"), CheckpointError::Size),
            ("origin\n1\nabcd\n".into(), CheckpointError::Root),
            (format!("origin\n1\n{root} \n"), CheckpointError::Root),
            (format!("origin\n1\n{root}\n\n"), CheckpointError::Extension),
            (format!("origin\n1\n{root}\n\nmore\n"), CheckpointError::Extension),
            (format!("origin\n1\n{root}\nmo\tre\n"), CheckpointError::Extension),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(refusal), "{text:?}");
        }
        assert_eq!(Checkpoint::new("two\nlines", 1, Hash::EMPTY), Err(CheckpointError::Origin));
        assert_eq!(Checkpoint::new("o", u64::MAX, Hash::EMPTY), Err(CheckpointError::Size));
    }

    #[test]
    fn a_signed_checkpoint_opens_for_its_origin_and_key_only() {
        let (node, other) = (signer("node-1", 1), signer("node-2", 2));
        let checkpoint = Checkpoint::of(ORIGIN, &Frontier::new()).unwrap();
        let note = checkpoint.sign(&[&node]).unwrap().to_string();
        let (node, other) = ([node.verifier().clone()], [other.verifier().clone()]);

        let opened = Checkpoint::open(note.as_bytes(), ORIGIN, &node).unwrap();
        assert_eq!(opened, (checkpoint, vec![&node[0]]));
        let refused = Checkpoint::open(note.as_bytes(), ORIGIN, &other);
        assert_eq!(refused, Err(NoteError::NoKnownKey.into()));
        let refused = Checkpoint::open(note.as_bytes(), "example.com/other", &node).unwrap_err();
        assert_eq!(refused.code(), "other-origin");
        let changed = note.replace("sofa\n0\n", "sofa\n1\n");
        let refused = Checkpoint::open(changed.as_bytes(), ORIGIN, &node).unwrap_err();
        assert_eq!(refused.code(), "bad-signature");
    }

    #[test]
    fn a_signed_text_that_is_no_checkpoint_is_refused() {
        let node = signer("node-1", 1);
        let note = Note::sign("just words\n", &[&node]).unwrap().to_string();
        let keys = [node.verifier().clone()];
        let refused = Checkpoint::open(note.as_bytes(), "just words", &keys);
        assert_eq!(refused, Err(CheckpointError::Lines));
    }

    proptest! {
        #[test]
        fn checkpoints_round_trip(
            origin in "[^\\x00-\\x1f]{1,30}", size in 0..=MAX_SIZE, root: [u8; 32],
            extensions in prop::collection::vec("[^\\x00-\\x1f]{1,20}", 0..4),
        ) {
            let mut checkpoint = Checkpoint::new(&origin, size, Hash(root)).unwrap();
            checkpoint.extensions = extensions;
            prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        }

        #[test]
        fn what_parses_prints_the_same(text in "(\\PC|\n){0,9}\n[0-9]{0,20}\n([a-zA-Z0-9+/]{42}[AEIMQUYcgkosw048]=)?\n(\\PC|\n){0,9}\n?") {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }

        #[test]
        fn no_bytes_make_open_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Checkpoint::open(&bytes, ORIGIN, &[]).is_err());
        }
    }
}
