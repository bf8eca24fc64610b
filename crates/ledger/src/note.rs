//! Signed notes (C2SP signed-note): a text, and under it one line for each signature.

mod key;

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

pub use key::{KeyError, Signer, VerifierKey};

/// The longest note, text and signatures together, in bytes.
pub const MAX_BYTES: usize = 1_000_000;

/// The most signatures that a note may carry.
pub const MAX_SIGNATURES: usize = 100;

const LINE_START: &str = "\u{2014} ";

/// A well-formed note: a text of whole lines and 1 to 100 signatures that nobody has checked yet.
/// Prints as the signed note; [`Note::parse`] reads exactly that back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line: the key's name and id, and what that key's algorithm made of the note's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("a note has at most {MAX_BYTES} bytes")]
    TooLarge,
    #[error("a note is UTF-8")]
    NotUtf8,
    #[error("a note holds no control characters other than newline")]
    ControlCharacter,
    #[error("a note's text and its last line end in a newline")]
    Unterminated,
    #[error("a note has an empty line and at least one signature after its text")]
    NoSignature,
    #[error("a note has at most {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    #[error("signature line {0} is not an em dash, a key name and base64 of at least 5 bytes")]
    BadSignatureLine(usize),
    #[error("the signature of the known key `{name}+{key_id:08x}` is wrong")]
    BadSignature { name: String, key_id: u32 },
    #[error("no known key signed the note")]
    NoKnownKey,
    #[error("two different known keys are called `{name}+{key_id:08x}`")]
    AmbiguousKey { name: String, key_id: u32 },
    #[error("the signing key failed")]
    SigningFailed,
}

impl NoteError {
    /// The stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            NoteError::TooLarge => "note-too-large",
            NoteError::NotUtf8 => "note-not-utf8",
            NoteError::ControlCharacter => "note-control-character",
            NoteError::Unterminated => "note-unterminated",
            NoteError::NoSignature => "note-without-signature",
            NoteError::TooManySignatures => "note-too-many-signatures",
            NoteError::BadSignatureLine(_) => "note-bad-signature-line",
            NoteError::BadSignature { .. } => "bad-signature",
            NoteError::NoKnownKey => "no-known-key",
            NoteError::AmbiguousKey { .. } => "ambiguous-key",
            NoteError::SigningFailed => "signing-failed",
        }
    }
}

/// Parses a note and checks the signatures of `keys`; see [`Note::verify`]. Returns the text and the
/// keys that signed it.
pub fn open<'k>(
    note: &[u8],
    keys: &'k [VerifierKey],
) -> Result<(String, Vec<&'k VerifierKey>), NoteError> {
    let note = Note::parse(note)?;
    let signers = note.verify(keys)?;
    Ok((note.text, signers))
}

impl Note {
    /// A note of a text (whole lines, no control characters) and its signatures, 1 to 100.
    pub fn new(text: &str, signatures: Vec<Signature>) -> Result<Note, NoteError> {
        check_text(text)?;
        match signatures.len() {
            0 => return Err(NoteError::NoSignature),
            1..=MAX_SIGNATURES => {}
            _ => return Err(NoteError::TooManySignatures),
        }
        let note = Note { text: text.to_owned(), signatures };
        if note.to_string().len() > MAX_BYTES { Err(NoteError::TooLarge) } else { Ok(note) }
    }

    /// A note of `text` signed by each of `signers`, in order.
    pub fn sign(text: &str, signers: &[&Signer]) -> Result<Note, NoteError> {
        let signatures =
            signers.iter().map(|signer| signer.sign(text)).collect::<Result<_, _>>()?;
        Note::new(text, signatures)
    }

    /// Adds a signature, in place of an earlier one of the same key.
    pub fn with(mut self, signature: Signature) -> Result<Note, NoteError> {
        self.signatures.retain(|earlier| !earlier.is_of(&signature.name, signature.key_id));
        self.signatures.push(signature);
        Note::new(&self.text, self.signatures)
    }

    /// Reads a note in its one spelling. Believe nothing in it before [`Note::verify`].
    pub fn parse(note: &[u8]) -> Result<Note, NoteError> {
        if note.len() > MAX_BYTES {
            return Err(NoteError::TooLarge);
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::NotUtf8)?;
        check_text(note)?;
        // The last empty line separates: the text may hold empty lines, the signatures may not.
        let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignature)?;
        let text = note.get(..=before.len()).ok_or(NoteError::NoSignature)?;
        let lines = lines.split_terminator('\n').enumerate();
        let signatures = lines
            .map(|(at, line)| Signature::parse(line).ok_or(NoteError::BadSignatureLine(at + 1)))
            .collect::<Result<_, _>>()?;
        Note::new(text, signatures)
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Which of `keys` signed the note, each once, in the order of their first lines. Signatures of other
    /// keys are passed over; a wrong one of a known key refuses the note, and so does having none.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = signature.key(keys)? else { continue };
            if !key.verifies(&self.text, &signature.bytes) {
                let Signature { name, key_id, .. } = signature.clone();
                return Err(NoteError::BadSignature { name, key_id });
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(signers) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    /// The name of the key that signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short id of the key that signed: tells keys of one name apart, proves nothing.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    fn parse(line: &str) -> Option<Signature> {
        let (name, encoded) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded).ok()?;
        let (key_id, bytes) = decoded.split_first_chunk::<4>()?;
        if !key::is_name(name) || bytes.is_empty() {
            return None;
        }
        let key_id = u32::from_be_bytes(*key_id);
        Some(Signature { name: name.to_owned(), key_id, bytes: bytes.to_vec() })
    }

    fn is_of(&self, name: &str, key_id: u32) -> bool {
        self.name == name && self.key_id == key_id
    }

    /// The key among `keys` that this signature claims to be of.
    fn key<'k>(&self, keys: &'k [VerifierKey]) -> Result<Option<&'k VerifierKey>, NoteError> {
        let mut claimed = keys.iter().filter(|key| self.is_of(key.name(), key.id()));
        let first = claimed.next();
        if claimed.any(|other| Some(other) != first) {
            let Signature { name, key_id, .. } = self.clone();
            return Err(NoteError::AmbiguousKey { name, key_id });
        }
        Ok(first)
    }
}

impl fmt::Display for Signature {
    /// The signature line without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoded = [&self.key_id.to_be_bytes(), self.bytes.as_slice()].concat();
        write!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(decoded))
    }
}

/// May this stand in a note: short enough, no control characters, ending in a newline?
fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_BYTES {
        return Err(NoteError::TooLarge);
    }
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::Unterminated) }
}

#[cfg(test)]
mod tests;
