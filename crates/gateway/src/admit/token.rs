//! Finding the caller's token in every place where the vendor's key may stand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalog::Placement;
use domain::token::Presented;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use pingora::http::RequestHeader;
use zeroize::Zeroizing;

const KEY: &str = "x-api-key";
const PREFIX: &[u8] = b"pcl_";
/// `pcl_`, 26 of id, `_`, 52 of secret, 6 of checksum.
const LENGTH: usize = 89;

/// What a call shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Nothing,
    One(Presented),
    /// Different tokens: whose call it is cannot be said.
    Several,
}

impl Shown {
    fn and(self, found: Option<Presented>) -> Shown {
        match (self, found) {
            (shown, None) => shown,
            (Shown::Nothing, Some(found)) => Shown::One(found),
            (Shown::One(one), Some(found)) if one == found => Shown::One(one),
            _ => Shown::Several,
        }
    }
}

/// The token of the call: in `Authorization` (Bearer, Basic as user or password, or bare), in
/// `X-Api-Key`, or where this service's vendor looks for a credential.
pub fn shown(header: &RequestHeader, query: Option<&str>, places: &[Placement]) -> Shown {
    let in_field = |shown: Shown, name: &str| {
        let values = header.headers.get_all(name).iter();
        values.fold(shown, |shown, value| from_field(shown, value.as_bytes()))
    };
    let mut shown = in_field(Shown::Nothing, AUTHORIZATION.as_str());
    shown = in_field(shown, KEY);
    for place in places {
        match place {
            Placement::Basic | Placement::Bearer => {}
            Placement::Header { name } => {
                if name != KEY && name != AUTHORIZATION.as_str() {
                    shown = in_field(shown, name);
                }
            }
            Placement::Query { name } => {
                for (key, value) in pairs(query.unwrap_or_default()) {
                    if decoded(key).as_slice() == name.as_bytes() {
                        let value = decoded(value);
                        let text = std::str::from_utf8(&value).unwrap_or_default();
                        shown = shown.and(Presented::read(text));
                    }
                }
            }
        }
    }
    shown
}

fn from_field(shown: Shown, value: &[u8]) -> Shown {
    let Ok(value) = std::str::from_utf8(value) else { return shown };
    let (scheme, credentials) = value.trim().split_once(' ').unwrap_or(("", value.trim()));
    let credentials = credentials.trim();
    if !scheme.eq_ignore_ascii_case("basic") {
        return shown.and(Presented::read(credentials));
    }
    let Ok(pair) = STANDARD.decode(credentials).map(Zeroizing::new) else { return shown };
    let pair = std::str::from_utf8(&pair).unwrap_or_default();
    let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
    shown.and(Presented::read(user)).and(Presented::read(password))
}

/// The parameters of a query (URL Standard, `application/x-www-form-urlencoded`), not decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// One decoded name or value of a query.
pub fn decoded(text: &str) -> Zeroizing<Vec<u8>> {
    let spaces = Zeroizing::new(text.replace('+', " "));
    Zeroizing::new(percent_decode_str(&spaces).collect())
}

/// Whether the bytes hold a token of ours anywhere.
pub fn holds_token(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, PREFIX).any(|at| {
        let text = bytes.get(at..at + LENGTH).and_then(|text| std::str::from_utf8(text).ok());
        text.is_some_and(|text| Presented::read(text).is_some())
    })
}

/// Whether a header value holds a token of ours, also inside Basic credentials.
pub fn is_token(value: &[u8]) -> bool {
    holds_token(value) || from_field(Shown::Nothing, value) != Shown::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::TokenId;
    use domain::token::Secret;

    fn token(number: u128) -> (String, Presented) {
        let secret = Secret::new(TokenId(number), &[7; 32]);
        (secret.expose().to_owned(), secret.presented().unwrap())
    }

    fn look(fields: &[(&'static str, String)], query: &str, places: &[Placement]) -> Shown {
        let mut header = RequestHeader::build("GET", b"/", None).unwrap();
        for (name, value) in fields {
            header.append_header(*name, value.as_str()).unwrap();
        }
        shown(&header, Some(query), places)
    }

    #[test]
    fn it_is_found_wherever_a_vendors_key_stands() {
        let (text, presented) = token(1);
        let basic = |pair: String| format!("basic {}", STANDARD.encode(pair));
        for (name, value) in [
            ("authorization", format!("Bearer {text}")),
            ("authorization", format!("bearer  {text}")),
            ("authorization", format!("Token {text}")),
            ("authorization", text.clone()),
            ("authorization", basic(format!("{text}:"))),
            ("authorization", basic(format!("api:{text}"))),
            ("x-api-key", text.clone()),
        ] {
            assert_eq!(look(&[(name, value)], "", &[]), Shown::One(presented), "{name}");
        }
        let header = [Placement::Header { name: "x-vendor".into() }];
        let field = [("x-vendor", text.clone())];
        assert_eq!(look(&field, "", &header), Shown::One(presented));
        assert_eq!(look(&field, "", &[]), Shown::Nothing);
        let query = [Placement::Query { name: "key".into() }];
        let encoded = text.replace('p', "%70");
        assert_eq!(look(&[], &format!("a=b&%6Bey={encoded}&c"), &query), Shown::One(presented));
        assert_eq!(look(&[], &format!("other={text}"), &query), Shown::Nothing);
    }

    #[test]
    fn the_same_twice_is_one_and_two_are_nobodys() {
        let (one, presented) = token(1);
        let (two, _) = token(2);
        let both =
            |second: String| [("authorization", format!("Bearer {one}")), ("x-api-key", second)];
        assert_eq!(look(&both(one.clone()), "", &[]), Shown::One(presented));
        assert_eq!(look(&both(two), "", &[]), Shown::Several);
        assert_eq!(look(&both("something else".into()), "", &[]), Shown::One(presented));
    }

    #[test]
    fn tokens_are_seen_inside_other_text() {
        let (text, _) = token(1);
        assert!(holds_token(format!("a={text}; b").as_bytes()));
        assert!(!holds_token(b"pcl_ is a prefix, pcl_short no token"));
        assert!(is_token(format!("Basic {}", STANDARD.encode(format!("x:{text}"))).as_bytes()));
    }
}
