//! The vendor's public keys: where they are looked for, and in which forms a verifier may hold them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Token, der};
use crate::api::{Method, SchemeKind};
use crate::live::request::Request;
use crate::live::scan::Scan;

/// Where keys are kept by custom (RFC 8414 §3, OpenID Connect Discovery §4).
const METADATA: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
const KEYS: [&str; 18] = [
    "/.well-known/jwks.json",
    "/.well-known/jwks",
    "/jwks.json",
    "/jwks",
    "/oauth/jwks",
    "/oauth2/jwks",
    "/oauth/jwks.json",
    "/oauth/discovery/keys",
    "/oauth2/certs",
    "/certs",
    "/keys",
    "/auth/jwks",
    "/public.pem",
    "/public-key",
    "/public_key",
    "/publickey",
    "/public-key.pem",
    "/key",
];
/// Places that are asked, and keys that are kept.
const MOST_PLACES: usize = 44;
const MOST_KEYS: usize = 4;

/// A public key and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub id: Option<String>,
    /// The path that served it.
    pub place: String,
    /// As it was served, where that is a text of its own.
    served: Option<String>,
    /// `SubjectPublicKeyInfo` in DER.
    info: Vec<u8>,
    /// The certificate that holds it, in PEM.
    certificate: Option<String>,
}

impl PublicKey {
    /// The bytes that a verifier may hold for it, the likeliest first, each with its name.
    pub fn forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let pem = der::pem("PUBLIC KEY", &self.info);
        let trimmed = |text: &str| text.trim_end().as_bytes().to_vec();
        let mut forms = vec![
            ("PEM", pem.clone().into_bytes()),
            ("PEM without its last line end", trimmed(&pem)),
        ];
        if let Some(served) = &self.served {
            forms.push(("it is served", served.clone().into_bytes()));
            forms.push(("it is served, without line ends after it", trimmed(served)));
        }
        if let Some(key) = der::rsa_of_info(&self.info) {
            let pem = der::pem("RSA PUBLIC KEY", key);
            forms.push(("PEM of PKCS #1", pem.clone().into_bytes()));
            forms.push(("PEM of PKCS #1 without its last line end", trimmed(&pem)));
            forms.push(("DER of PKCS #1", key.to_vec()));
        }
        forms.push(("DER", self.info.clone()));
        forms.push(("Base64 of the DER", STANDARD.encode(&self.info).into_bytes()));
        if let Some(certificate) = &self.certificate {
            forms.push(("PEM of its certificate", certificate.clone().into_bytes()));
        }
        let mut kept: Vec<(&'static str, Vec<u8>)> = Vec::new();
        for form in forms {
            if kept.iter().all(|(_, known)| *known != form.1) {
                kept.push(form);
            }
        }
        kept
    }
}

/// Looks for keys at the usual places of the target and nowhere else. Those that the document and
/// the metadata name come first; the search ends with the first place that has some.
pub async fn find(scan: &Scan<'_>, token: &Token) -> Vec<PublicKey> {
    let mut places = described(scan);
    for path in metadata_places(scan, token) {
        let answer = scan.send(&Request::get(path)).await.ok().filter(|reply| reply.is_success());
        let metadata = answer.and_then(|reply| reply.json());
        let address = metadata.as_ref().and_then(|value| value.get("jwks_uri")?.as_str());
        places.extend(address.and_then(|address| on_target(scan, address)));
    }
    places.extend(KEYS.iter().flat_map(|path| at_root_and_base(scan, path)));
    let mut asked: Vec<String> = Vec::new();
    for place in places {
        if asked.len() == MOST_PLACES {
            break;
        }
        if asked.contains(&place) {
            continue;
        }
        asked.push(place.clone());
        let Ok(reply) = scan.send(&Request::get(place.clone())).await else { continue };
        if !reply.is_success() {
            continue;
        }
        let mut keys = read(&reply.text(), &place);
        if !keys.is_empty() {
            keys.truncate(MOST_KEYS);
            return keys;
        }
    }
    Vec::new()
}

/// Where the metadata of the server may be.
pub fn metadata_places(scan: &Scan<'_>, token: &Token) -> Vec<String> {
    let issuer = token.claims.get("iss").and_then(Value::as_str);
    let issuer = issuer.filter(|issuer| issuer.starts_with("http"));
    let of_issuer = issuer.and_then(|issuer| on_target(scan, issuer));
    let of_issuer = of_issuer.map(|path| path.trim_end_matches('/').to_owned());
    let of_document = scan.document.schemes.iter().filter_map(|scheme| match scheme.kind {
        SchemeKind::OpenId { url } => on_target(scan, url),
        _ => None,
    });
    let mut places: Vec<_> = of_document.collect();
    places.extend(METADATA.iter().flat_map(|path| at_root_and_base(scan, path)));
    places.extend(of_issuer.iter().flat_map(|root| METADATA.map(|path| format!("{root}{path}"))));
    places.sort_unstable();
    places.dedup();
    places
}

/// The path of an address. Where it names another host its path is still asked, at the target:
/// a sandbox often publishes the addresses of production.
pub fn on_target(scan: &Scan<'_>, address: &str) -> Option<String> {
    let origin = url::Url::parse(&scan.client.target.origin()).ok()?;
    let address = origin.join(address).ok()?;
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", address.path()))
}

pub fn at_root_and_base(scan: &Scan<'_>, path: &str) -> Vec<String> {
    let base = &scan.client.target.base;
    match base.is_empty() {
        true => vec![path.to_owned()],
        false => vec![path.to_owned(), format!("{base}{path}")],
    }
}

/// Documented operations that sound like a public key.
fn described(scan: &Scan<'_>) -> Vec<String> {
    let sounds = |path: &str| {
        let path = path.to_ascii_lowercase();
        let public = path.contains("public") && path.contains("key");
        public || ["jwk", "pubkey", ".pem", "/certs"].iter().any(|word| path.contains(word))
    };
    let all = scan.document.operations.iter();
    let found =
        all.filter(|one| one.method == Method::Get && !one.is_templated() && sounds(one.path));
    found.map(|one| format!("{}{}", scan.client.target.base, one.path)).collect()
}

/// Every public key in a text: a key set, one key, a text in PEM, or JSON that holds one.
pub fn read(text: &str, place: &str) -> Vec<PublicKey> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => of_json(&value, place, 0),
        Err(_) => of_pem(text, place).into_iter().collect(),
    }
}

fn of_json(value: &Value, place: &str, depth: usize) -> Vec<PublicKey> {
    let inner = |values: &mut dyn Iterator<Item = &Value>| {
        values.flat_map(|value| of_json(value, place, depth + 1)).collect()
    };
    match value {
        _ if depth > 4 => Vec::new(),
        Value::Object(members) if members.contains_key("kty") => {
            of_jwk(value, place).into_iter().collect()
        }
        Value::Object(members) => inner(&mut members.values()),
        Value::Array(list) => inner(&mut list.iter()),
        Value::String(text) if text.contains("-----BEGIN") => {
            of_pem(text, place).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn of_jwk(jwk: &Value, place: &str) -> Option<PublicKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
    if text("use").is_some_and(|use_| use_ != "sig") {
        return None;
    }
    let info = match text("kty")? {
        "RSA" => der::rsa_info(&der::rsa(&bytes("n")?, &bytes("e")?)),
        "EC" => {
            let point = [vec![4], bytes("x")?, bytes("y")?].concat();
            der::point_info(text("crv")?, &point)?
        }
        "OKP" => der::point_info(text("crv")?, &bytes("x")?)?,
        _ => return None,
    };
    let certificate = jwk.get("x5c").and_then(|chain| chain.get(0)?.as_str());
    let certificate = certificate.and_then(|text| STANDARD.decode(text).ok());
    Some(PublicKey {
        id: text("kid").map(str::to_owned),
        place: place.to_owned(),
        served: None,
        info,
        certificate: certificate.map(|der| der::pem("CERTIFICATE", &der)),
    })
}

fn of_pem(text: &str, place: &str) -> Option<PublicKey> {
    let (label, der) = der::read_pem(text)?;
    let (info, certificate) = match label {
        "PUBLIC KEY" => (der, None),
        "RSA PUBLIC KEY" => (der::rsa_info(&der), None),
        "CERTIFICATE" => {
            let (_, read) = X509Certificate::from_der(&der).ok()?;
            (read.public_key().raw.to_vec(), Some(text.to_owned()))
        }
        _ => return None,
    };
    let served = Some(text.to_owned());
    Some(PublicKey { id: None, place: place.to_owned(), served, info, certificate })
}

#[cfg(test)]
mod tests {
    use super::super::OwnKey;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_the_same_however_it_is_served() {
        let jwk = OwnKey::generate("RS256").and_then(|key| key.jwk("k")).expect("a key");
        let set = read(&json!({"keys": [jwk]}).to_string(), "/jwks");
        let pem = der::pem("PUBLIC KEY", &set[0].info);
        assert_eq!((set.len(), set[0].id.as_deref()), (1, Some("k")));
        let served = read(&pem, "/key");
        let in_json = read(&json!({"data": {"publicKey": pem}}).to_string(), "/key");
        let pkcs1 = der::pem("RSA PUBLIC KEY", der::rsa_of_info(&set[0].info).expect("RSA"));
        for other in [&served, &in_json, &read(&pkcs1, "/key")] {
            assert_eq!(other[0].info, set[0].info);
        }
        let forms: Vec<_> = set[0].forms().into_iter().map(|(_, bytes)| bytes).collect();
        assert!(forms.contains(&pem.clone().into_bytes()));
        assert!(forms.contains(&pem.trim_end().as_bytes().to_vec()));
        assert!(forms.contains(&pkcs1.into_bytes()));
    }

    #[test]
    fn what_is_no_key_for_signatures_is_left() {
        let mut jwk = OwnKey::generate("ES256").and_then(|key| key.jwk("k")).expect("a key");
        assert_eq!(read(&jwk.to_string(), "/k").len(), 1);
        jwk["use"] = json!("enc");
        for text in [jwk.to_string(), "<html>".to_owned(), "{}".to_owned(), "[1]".to_owned()] {
            assert!(read(&text, "/k").is_empty(), "{text}");
        }
    }
}
