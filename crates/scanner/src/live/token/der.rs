//! Writes and reads the little DER and PEM that public keys need (X.690, RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// `rsaEncryption` with its NULL (RFC 3279 §2.3.1).
const RSA: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `id-ecPublicKey` with the curve (RFC 5480 §2.1.1).
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
const P384: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x22,
];
const P521: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x23,
];
/// `id-Ed25519` (RFC 8410 §3).
const ED25519: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

/// A public key's `RSAPublicKey` (RFC 8017 §A.1.1).
pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    wrapped(SEQUENCE, &[unsigned(modulus), unsigned(exponent)].concat())
}

/// `SubjectPublicKeyInfo` of an RSA key (RFC 5280 §4.1).
pub fn rsa_info(key: &[u8]) -> Vec<u8> {
    info(&RSA, key)
}

/// `SubjectPublicKeyInfo` of a point on a curve, by the names of RFC 7518 §6.2.1.1.
pub fn point_info(curve: &str, point: &[u8]) -> Option<Vec<u8>> {
    match curve {
        "P-256" => Some(info(&P256, point)),
        "P-384" => Some(info(&P384, point)),
        "P-521" => Some(info(&P521, point)),
        "Ed25519" => Some(info(&ED25519, point)),
        _ => None,
    }
}

/// The key inside the `SubjectPublicKeyInfo` of an RSA key; `None` of any other.
pub fn rsa_of_info(info: &[u8]) -> Option<&[u8]> {
    let (inner, _) = value(info, SEQUENCE)?;
    let (bits, _) = value(inner.strip_prefix(&RSA)?, BIT_STRING)?;
    bits.strip_prefix(&[0])
}

/// Armoured with lines of 64 characters and a line end after the last.
pub fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The first armoured block of a text: its label and what it holds.
pub fn read_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END")?;
    // In JSON the line ends are written out.
    let body: String = body.replace("\\r", "").replace("\\n", "");
    let body: String = body.chars().filter(|one| !one.is_whitespace()).collect();
    Some((label, STANDARD.decode(body).ok()?))
}

fn info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = wrapped(BIT_STRING, &[&[0], key].concat());
    wrapped(SEQUENCE, &[algorithm, &bits].concat())
}

fn unsigned(number: &[u8]) -> Vec<u8> {
    let leading = number.iter().take_while(|byte| **byte == 0).count();
    let mut bytes = number.get(leading..).unwrap_or_default().to_vec();
    if bytes.first().is_none_or(|byte| *byte >= 0x80) {
        bytes.insert(0, 0);
    }
    wrapped(INTEGER, &bytes)
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let used = length.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
    match used.as_slice() {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            // A length has at most eight bytes.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

/// What a value of this tag holds, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    (*first == tag).then_some((content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rsa_key_goes_into_its_envelope_and_out_again() {
        let modulus: Vec<u8> = (0..=255).map(|byte: u8| byte | 0x80).collect();
        let key = rsa(&modulus, &[1, 0, 1]);
        assert_eq!(&key[..8], &[0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01]);
        assert!(key.ends_with(&[0x02, 0x03, 1, 0, 1]));
        let info = rsa_info(&key);
        assert_eq!(rsa_of_info(&info), Some(key.as_slice()));
        assert_eq!(rsa_of_info(&key), None);
    }

    #[test]
    fn envelopes_are_those_that_other_software_reads() {
        use x509_parser::prelude::FromDer;
        let point = [&[4][..], &[7; 64]].concat();
        for der in [
            point_info("P-256", &point).unwrap(),
            point_info("P-384", &[4; 97]).unwrap(),
            point_info("Ed25519", &[9; 32]).unwrap(),
            rsa_info(&rsa(&[0xc5; 256], &[1, 0, 1])),
        ] {
            let (rest, read) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&der).unwrap();
            assert!(rest.is_empty() && !read.subject_public_key.data.is_empty());
        }
        assert_eq!(point_info("secp256k1", &point), None);
    }

    #[test]
    fn armour_is_put_on_and_taken_off() {
        let text = pem("PUBLIC KEY", &[5; 100]);
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(read_pem(&text), Some(("PUBLIC KEY", vec![5; 100])));
        let in_json = text.replace('\n', "\\n");
        assert_eq!(read_pem(&in_json), Some(("PUBLIC KEY", vec![5; 100])));
        assert_eq!(read_pem("nothing here"), None);
    }
}
