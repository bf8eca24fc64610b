//! Notes and keys: published examples, every refusal of the specification, and round trips.

use super::*;
use proptest::prelude::*;
use zeroize::Zeroizing;

/// The example keys and note of Go's `sumdb/note` package.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SKEY: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";

/// The example of the signed-note specification.
const SPECIFICATION_NOTE: &str = "Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

\u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, &Zeroizing::new([seed; 32])).unwrap()
}

fn peter() -> Signer {
    let skey = STANDARD.decode(PETER_SKEY).unwrap();
    Signer::from_seed("PeterNeumann", &Zeroizing::new(skey[1..].try_into().unwrap())).unwrap()
}

#[test]
fn published_keys_and_notes_come_out_byte_for_byte() {
    let peter = peter();
    assert_eq!(peter.verifier().to_string(), PETER);
    let (text, _) = PETER_NOTE.rsplit_once("\n\u{2014}").unwrap();
    let note = Note::sign(text, &[&peter]).unwrap();
    assert_eq!(note.to_string(), PETER_NOTE);

    let keys = [PETER.parse().unwrap()];
    assert_eq!(open(PETER_NOTE.as_bytes(), &keys), Ok((text.to_owned(), vec![&keys[0]])));
}

#[test]
fn a_text_may_hold_empty_lines() {
    let note = Note::parse(SPECIFICATION_NOTE.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].key_id(), 0x367b_a04b);
    assert_eq!(note.to_string(), SPECIFICATION_NOTE);

    for text in ["\n", "\n\n", "a\n\n", "\na\n", "\u{2014} a AAAAAAA=\n"] {
        let key = signer("key", 1);
        let note = Note::sign(text, &[&key]).unwrap().to_string();
        assert_eq!(open(note.as_bytes(), &[key.verifier().clone()]).unwrap().0, text);
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let line = "\u{2014} key AAAAAAA=";
    for (note, refusal) in [
        (String::new(), NoteError::Unterminated),
        ("text".into(), NoteError::Unterminated),
        ("text\n".into(), NoteError::NoSignature),
        ("text\n\n".into(), NoteError::NoSignature),
        (format!("{line}\n"), NoteError::NoSignature),
        (format!("\n{line}\n"), NoteError::NoSignature),
        (format!("text\n{line}\n"), NoteError::NoSignature),
        (format!("text\n\n{line}"), NoteError::Unterminated),
        (format!("te\txt\n\n{line}\n"), NoteError::ControlCharacter),
        (format!("te\0xt\n\n{line}\n"), NoteError::ControlCharacter),
        (format!("text\r\n\n{line}\n"), NoteError::ControlCharacter),
        (format!("text\n\n{line}\r\n"), NoteError::ControlCharacter),
        (format!("text\n\n{line}\n\n"), NoteError::NoSignature),
        (format!("text\n\n{line}\nmore\n"), NoteError::BadSignatureLine(2)),
        (format!("text\n\n {line}\n"), NoteError::BadSignatureLine(1)),
        (format!("text\n\n{line} \n"), NoteError::BadSignatureLine(1)),
        ("text\n\n- key AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2013} key AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014}\u{a0}key AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014}  AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} k+y AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} k\u{2003}y AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key  AAAAAAA=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key \n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key AAAAAA==\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key AAAAAAA\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key AAAAAAB=\n".into(), NoteError::BadSignatureLine(1)),
        ("text\n\n\u{2014} key AAAAAA_=\n".into(), NoteError::BadSignatureLine(1)),
    ] {
        assert_eq!(Note::parse(note.as_bytes()), Err(refusal), "{note:?}");
    }
    assert_eq!(Note::parse(b"te\xffxt\n"), Err(NoteError::NotUtf8));
    assert!(Note::parse(format!("text\n\n{line}\n").as_bytes()).is_ok());
}

#[test]
fn size_and_number_of_signatures_are_bounded() {
    let lines = "\u{2014} key AAAAAAA=\n".repeat(MAX_SIGNATURES);
    assert!(Note::parse(format!("text\n\n{lines}").as_bytes()).is_ok());
    let more = Note::parse(format!("text\n\n{lines}\u{2014} key AAAAAAA=\n").as_bytes());
    assert_eq!(more, Err(NoteError::TooManySignatures));

    let key = signer("key", 1);
    let overhead = Note::sign("\n", &[&key]).unwrap().to_string().len();
    let longest = "x".repeat(MAX_BYTES - overhead) + "\n";
    let note = Note::sign(&longest, &[&key]).unwrap().to_string();
    assert_eq!(note.len(), MAX_BYTES);
    assert!(Note::parse(note.as_bytes()).is_ok());
    assert_eq!(Note::parse(format!("x{note}").as_bytes()), Err(NoteError::TooLarge));
    assert_eq!(Note::sign(&format!("x{longest}"), &[&key]), Err(NoteError::TooLarge));
    assert_eq!(Note::sign("text\n", &[]), Err(NoteError::NoSignature));
}

#[test]
fn unknown_keys_are_passed_over_and_known_ones_must_be_right() {
    let (known, unknown) = (signer("known", 1), signer("unknown", 2));
    let keys = [known.verifier().clone()];
    let note = Note::sign("text\n", &[&unknown, &known]).unwrap().to_string();
    assert_eq!(open(note.as_bytes(), &keys).unwrap().1, [&keys[0]]);

    let only_unknown = Note::sign("text\n", &[&unknown]).unwrap().to_string();
    assert_eq!(open(only_unknown.as_bytes(), &keys), Err(NoteError::NoKnownKey));
    // The same name with another key is another, unknown key.
    let namesake = Note::sign("text\n", &[&signer("known", 3)]).unwrap().to_string();
    assert_eq!(open(namesake.as_bytes(), &keys), Err(NoteError::NoKnownKey));

    // A wrong signature of a known key refuses the note even beside a right one of another.
    let keys = [known.verifier().clone(), unknown.verifier().clone()];
    let elsewhere = known.sign("another text\n").unwrap();
    let mixed = Note::sign("text\n", &[&unknown]).unwrap().with(elsewhere).unwrap();
    let wrong = NoteError::BadSignature { name: "known".into(), key_id: known.verifier().id() };
    assert_eq!(open(mixed.to_string().as_bytes(), &keys), Err(wrong));
}

#[test]
fn a_key_counts_once_and_every_line_of_it_is_checked() {
    let key = signer("key", 1);
    let keys = [key.verifier().clone(), key.verifier().clone()];
    let twice = Note::sign("text\n", &[&key, &key]).unwrap();
    assert_eq!(twice.verify(&keys), Ok(vec![&keys[0]]));
    let replaced = twice.with(key.sign("text\n").unwrap()).unwrap();
    assert_eq!(replaced.signatures().len(), 1);

    let mut broken = twice_with_the_second_broken(&key);
    assert_eq!(broken.verify(&keys).unwrap_err().code(), "bad-signature");
    broken.signatures.pop();
    assert_eq!(broken.verify(&keys), Ok(vec![&keys[0]]));
}

fn twice_with_the_second_broken(key: &Signer) -> Note {
    let mut note = Note::sign("text\n", &[key, key]).unwrap();
    note.signatures[1].bytes[0] ^= 1;
    note
}

#[test]
fn two_keys_of_one_name_and_id_are_ambiguous() {
    let key = signer("key", 1);
    let mut twin = key.verifier().clone();
    twin.public[0] ^= 1;
    let note = Note::sign("text\n", &[&key]).unwrap();
    let keys = [key.verifier().clone(), twin];
    let refused = note.verify(&keys);
    assert_eq!(refused.unwrap_err().code(), "ambiguous-key");
}

#[test]
fn signed_text_is_held_to_the_same_rules() {
    let key = signer("key", 1);
    for (text, refusal) in [
        ("", NoteError::Unterminated),
        ("text", NoteError::Unterminated),
        ("te\rxt\n", NoteError::ControlCharacter),
        ("te\u{1f}xt\n", NoteError::ControlCharacter),
    ] {
        assert_eq!(key.sign(text), Err(refusal), "{text:?}");
    }
    assert!(key.sign("\u{7f}\u{85}\n").is_ok());
}

#[test]
fn verifier_keys_are_read_strictly() {
    assert_eq!(PETER.parse::<VerifierKey>().unwrap().to_string(), PETER);
    for (text, refusal) in [
        ("", KeyError::Malformed),
        ("PeterNeumann", KeyError::Malformed),
        ("PeterNeumann+c74f20a3", KeyError::Malformed),
        ("PeterNeumann+c74f20a3+", KeyError::Malformed),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Malformed),
        ("PeterNeumann+74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Malformed),
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T", KeyError::Malformed),
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy", KeyError::Malformed),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            KeyError::UnknownType(0x65),
        ),
        (
            "PeterNeumann+c74f20a2+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            KeyError::OtherId { stated: 0xc74f_20a2, computed: 0xc74f_20a3 },
        ),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
        ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
    ] {
        assert_eq!(text.parse::<VerifierKey>(), Err(refusal), "{text}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{1}b", "a\u{3000}b"] {
        assert_eq!(VerifierKey::new(name, [0; 32]), Err(KeyError::Name), "{name:?}");
    }
}

#[test]
fn a_signer_never_prints_its_seed() {
    let seed = [0xab; 32];
    let printed = format!("{:?}", Signer::from_seed("key", &Zeroizing::new(seed)).unwrap());
    assert!(printed.starts_with("Signer(key+"), "{printed}");
    assert!(!printed.contains("ab, ab") && !printed.contains("171") && !printed.contains("abab"));
}

proptest! {
    #[test]
    fn notes_round_trip(text in "([^\\x00-\\x1f]{0,12}\n){1,5}", names in prop::collection::vec("[a-z0-9./é-]{1,12}", 1..5)) {
        let signers: Vec<Signer> = names.iter().map(|name| signer(name, 7)).collect();
        let note = Note::sign(&text, &signers.iter().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
        let keys = [signers[0].verifier().clone()];
        prop_assert_eq!(open(note.to_string().as_bytes(), &keys), Ok((text, vec![&keys[0]])));
    }

    #[test]
    fn one_changed_bit_never_verifies_as_the_same_text(position: prop::sample::Index, bit in 0u8..8) {
        let key = peter();
        let mut note = PETER_NOTE.as_bytes().to_vec();
        *position.get_mut(&mut note) ^= 1 << bit;
        prop_assert!(open(&note, &[key.verifier().clone()]).is_err());
    }

    #[test]
    fn what_parses_prints_the_same(note in "(\\PC|\n){0,9}\n\n(\u{2014} [a-z+ ]{0,3} ?[A-Za-z0-9+/]{0,9}={0,2}\n){0,3}") {
        if let Ok(parsed) = Note::parse(note.as_bytes()) {
            prop_assert_eq!(parsed.to_string(), note);
        }
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), key in "\\PC{0,9}\\+[0-9a-f]{0,9}\\+[A-Za-z0-9+/=]{0,60}") {
        let _ = Note::parse(&bytes);
        if let Ok(parsed) = key.parse::<VerifierKey>() {
            prop_assert_eq!(parsed.to_string(), key);
        }
    }
}
