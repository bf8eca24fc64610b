//! A ClientHello of our own for each TLS version, because modern libraries no longer offer the old.

use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, TlsRecordType, parse_tls_extensions,
    parse_tls_message_alert, parse_tls_message_handshake, parse_tls_record_header,
};

/// A version of TLS, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    V1_0,
    V1_1,
    V1_2,
    V1_3,
}

impl TlsVersion {
    pub const ALL: [Self; 4] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3];

    /// As people write it, for instance `1.2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }

    fn wire(self) -> u16 {
        match self {
            Self::V1_0 => 0x0301,
            Self::V1_1 => 0x0302,
            Self::V1_2 => 0x0303,
            Self::V1_3 => 0x0304,
        }
    }

    fn from_wire(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.wire() == number)
    }
}

/// What a server made of a ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelloAnswer {
    /// A ServerHello (or a HelloRetryRequest) that chooses this version.
    Chosen(Choice),
    /// A fatal alert with this number (RFC 8446 §6), or the connection closed without a word.
    Refused(Option<u8>),
    /// Neither.
    Garbage(String),
}

/// What a server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub version: TlsVersion,
    /// The suite's number (RFC 8446 §B.4, RFC 5246 §A.5).
    pub suite: u16,
    /// True if what is sent will be compressed (RFC 3749).
    pub compressed: bool,
}

/// Suites of TLS 1.2 and before that servers with a certificate may choose: from forward secret
/// AEAD down to RC4, because a version counts as offered whatever it is spoken with.
const OLD_SUITES: [u16; 32] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013,
    0xc00a, 0xc014, 0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x009c, 0x009d, 0x003c,
    0x003d, 0x002f, 0x0035, 0xc008, 0xc012, 0x000a, 0x0005, 0x0004,
];
/// The suites of TLS 1.3 (RFC 8446 §B.4), and the sign that we renegotiate safely (RFC 5746 §3.3).
const NEW_SUITES: [u16; 5] = [0x1301, 0x1302, 0x1303, 0x1304, 0x1305];
const RENEGOTIATION_SIGN: u16 = 0x00ff;
/// X25519, P-256, P-384, P-521 (RFC 8446 §4.2.7).
const GROUPS: [u16; 4] = [0x001d, 0x0017, 0x0018, 0x0019];
/// ECDSA, EdDSA, RSA-PSS and RSA PKCS#1, down to SHA-1 (RFC 8446 §4.2.3).
const SIGNATURES: [u16; 12] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
];
/// The random of a HelloRetryRequest needs no look: it is a ServerHello of the chosen version too.
const HANDSHAKE: u8 = 1;

/// A TLS record with a ClientHello that offers this version and no other as its highest.
/// `name` is the host, left out for addresses (RFC 6066 §3).
pub fn client_hello(
    version: TlsVersion,
    name: Option<&str>,
    random: &[u8; 32],
    share: &[u8; 32],
) -> Vec<u8> {
    let suites = if version == TlsVersion::V1_3 { &NEW_SUITES[..] } else { &OLD_SUITES[..] };
    hello_with(version, suites, name, random, share)
}

/// The same with these suites and no others.
pub fn hello_with(
    version: TlsVersion,
    suites: &[u16],
    name: Option<&str>,
    random: &[u8; 32],
    share: &[u8; 32],
) -> Vec<u8> {
    let modern = version == TlsVersion::V1_3;
    let mut body = Vec::with_capacity(300);
    put16(&mut body, version.wire().min(0x0303));
    body.extend_from_slice(random);
    if modern {
        body.push(32);
        body.extend_from_slice(share);
    } else {
        body.push(0);
    }
    let mut suites = suites.to_vec();
    suites.push(RENEGOTIATION_SIGN);
    vector16(&mut body, &numbers(&suites));
    // Before TLS 1.3 compression is offered too: only a server that wants it chooses it.
    body.extend_from_slice(if modern { &[1, 0] } else { &[2, 1, 0] });
    vector16(&mut body, &extensions(version, name, share));
    let mut message = vec![HANDSHAKE, 0];
    vector16(&mut message, &body);
    let mut record = vec![22];
    put16(&mut record, if version == TlsVersion::V1_0 || modern { 0x0301 } else { version.wire() });
    vector16(&mut record, &message);
    record
}

/// True once the first message of the server is complete, or can no longer become one.
pub fn is_enough(received: &[u8]) -> bool {
    let Ok((rest, header)) = parse_tls_record_header(received) else { return false };
    match header.record_type {
        TlsRecordType::Handshake | TlsRecordType::Alert => rest.len() >= usize::from(header.len),
        _ => true,
    }
}

/// Reads the server's first message.
pub fn read_answer(received: &[u8]) -> HelloAnswer {
    if received.is_empty() {
        return HelloAnswer::Refused(None);
    }
    let Ok((rest, header)) = parse_tls_record_header(received) else {
        return HelloAnswer::Garbage("less than a TLS record".to_owned());
    };
    let fragment = rest.get(..usize::from(header.len)).unwrap_or(rest);
    match header.record_type {
        TlsRecordType::Alert => match parse_tls_message_alert(fragment) {
            Ok((_, TlsMessage::Alert(alert))) => HelloAnswer::Refused(Some(alert.code.0)),
            _ => HelloAnswer::Garbage("an unreadable alert".to_owned()),
        },
        TlsRecordType::Handshake => match parse_tls_message_handshake(fragment) {
            Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ServerHello(hello)))) => {
                let (suite, compressed) = (hello.cipher.0, hello.compression.0 != 0);
                chosen(hello.version.0, suite, compressed, hello.ext.unwrap_or_default())
            }
            _ => {
                HelloAnswer::Garbage("a handshake that does not begin with ServerHello".to_owned())
            }
        },
        other => HelloAnswer::Garbage(format!("a record of type {}", other.0)),
    }
}

/// TLS 1.3 names itself in an extension (RFC 8446 §4.2.1); the old field says 1.2 then.
fn chosen(legacy: u16, suite: u16, compressed: bool, extensions: &[u8]) -> HelloAnswer {
    let selected = parse_tls_extensions(extensions).ok().and_then(|(_, list)| {
        list.into_iter().find_map(|extension| match extension {
            TlsExtension::SupportedVersions(versions) => versions.first().map(|one| one.0),
            _ => None,
        })
    });
    let number = selected.unwrap_or(legacy);
    match TlsVersion::from_wire(number) {
        Some(version) => HelloAnswer::Chosen(Choice { version, suite, compressed }),
        None => HelloAnswer::Garbage(format!("version {number:#06x}")),
    }
}

fn extensions(version: TlsVersion, name: Option<&str>, share: &[u8; 32]) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(name) = name {
        let mut entry = vec![0];
        vector16(&mut entry, name.as_bytes());
        let mut list = Vec::new();
        vector16(&mut list, &entry);
        extension(&mut all, 0, &list);
    }
    let mut groups = Vec::new();
    vector16(&mut groups, &numbers(&GROUPS));
    extension(&mut all, 10, &groups);
    if version != TlsVersion::V1_3 {
        extension(&mut all, 11, &[1, 0]);
    }
    if version >= TlsVersion::V1_2 {
        let mut signatures = Vec::new();
        vector16(&mut signatures, &numbers(&SIGNATURES));
        extension(&mut all, 13, &signatures);
    }
    if version == TlsVersion::V1_3 {
        extension(&mut all, 43, &[2, 3, 4]);
        let mut entry = numbers(&[0x001d]);
        vector16(&mut entry, share);
        let mut list = Vec::new();
        vector16(&mut list, &entry);
        extension(&mut all, 51, &list);
    }
    all
}

fn extension(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    put16(out, kind);
    vector16(out, content);
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// A length of two bytes, then the content. Nothing here comes near 65,536.
fn vector16(out: &mut Vec<u8>, content: &[u8]) {
    put16(out, u16::try_from(content.len()).unwrap_or(u16::MAX));
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::parse_tls_plaintext;

    #[test]
    fn every_hello_parses_and_offers_its_version() {
        for version in TlsVersion::ALL {
            let record = client_hello(version, Some("a.example"), &[7; 32], &[9; 32]);
            let (rest, plain) = parse_tls_plaintext(&record).expect("a record");
            assert!(rest.is_empty());
            let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = &plain.msg[0]
            else {
                panic!("no ClientHello");
            };
            assert_eq!(hello.version.0, version.wire().min(0x0303));
            let (_, list) = parse_tls_extensions(hello.ext.expect("extensions")).expect("readable");
            let modern = list.iter().any(|one| matches!(one, TlsExtension::SupportedVersions(_)));
            assert_eq!(modern, version == TlsVersion::V1_3);
        }
    }

    fn server_hello(legacy: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = legacy.to_be_bytes().to_vec();
        body.extend_from_slice(&[1; 32]);
        body.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
        vector16(&mut body, extensions);
        let mut message = vec![2, 0];
        vector16(&mut message, &body);
        let mut record = vec![22, 3, 3];
        vector16(&mut record, &message);
        record
    }

    #[test]
    fn the_chosen_version_is_read_from_field_or_extension() {
        let old = read_answer(&server_hello(0x0301, &[]));
        let choice =
            |version| HelloAnswer::Chosen(Choice { version, suite: 0xc02f, compressed: false });
        assert_eq!(old, choice(TlsVersion::V1_0));
        let new = read_answer(&server_hello(0x0303, &[0, 43, 0, 2, 3, 4]));
        assert_eq!(new, choice(TlsVersion::V1_3));
    }

    #[test]
    fn refusals_and_garbage_are_told_apart() {
        assert_eq!(read_answer(&[]), HelloAnswer::Refused(None));
        assert_eq!(read_answer(&[21, 3, 1, 0, 2, 2, 70]), HelloAnswer::Refused(Some(70)));
        for garbage in [&b"HTTP/1.1 400 Bad Request\r\n"[..], &[22, 3, 3, 0, 1, 9], &[1]] {
            assert!(matches!(read_answer(garbage), HelloAnswer::Garbage(_)), "{garbage:?}");
        }
    }

    #[test]
    fn reading_stops_with_the_first_whole_record() {
        let record = server_hello(0x0303, &[]);
        assert!(is_enough(&record));
        assert!(!is_enough(&record[..record.len() - 1]));
        assert!(is_enough(b"HTTP/1.1 400"));
    }
}
