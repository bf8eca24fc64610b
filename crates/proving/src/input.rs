//! What comes in, parsed and bounded before a handler sees it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::site::Site;
use crate::weakness::{Switches, Weakness};

/// The largest body that is read, in bytes.
pub(crate) const BODY_BYTES: usize = 16 * 1024;
/// The most characters of an ordinary text field.
pub(crate) const TEXT_CHARS: usize = 100;
/// The most characters of a postcode.
pub(crate) const POSTCODE_CHARS: usize = 12;
/// The heaviest parcel, in grams.
pub(crate) const WEIGHT_GRAMS: u32 = 30_000;
/// The most items of one page.
pub(crate) const PAGE_ITEMS: usize = 100;
/// The most characters of an id.
pub(crate) const ID_CHARS: usize = 40;

/// The largest body that a vendor without [`BODY_BYTES`] reads, so that its memory lasts.
const WEAK_BODY_BYTES: usize = 8 * 1024 * 1024;

/// The limits of one vendor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    sizes: bool,
    pages: bool,
}

impl Limits {
    pub(crate) fn of(switches: &Switches) -> Self {
        Self {
            sizes: !switches.has(Weakness::NoSizeLimit),
            pages: !switches.has(Weakness::NoPageLimit),
        }
    }

    pub(crate) fn body_bytes(self) -> usize {
        if self.sizes { BODY_BYTES } else { WEAK_BODY_BYTES }
    }

    /// The most characters of a text that is documented to have at most `documented`.
    pub(crate) fn text(self, documented: usize) -> usize {
        if self.sizes { documented } else { usize::MAX }
    }

    /// How many items a page has for a caller who wishes so many.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for more than a page may have, or none.
    pub(crate) fn page(self, wish: Option<usize>) -> Result<usize, Problem> {
        let limit = wish.unwrap_or(PAGE_ITEMS);
        if limit == 0 || (self.pages && limit > PAGE_ITEMS) {
            return Err(Problem::malformed("LIMIT must be between 1 and 100"));
        }
        Ok(limit)
    }
}

/// An input whose values are bounded beyond what its type says.
pub(crate) trait Bounded: DeserializeOwned {
    /// # Errors
    /// [`Problem::Malformed`] with the field that is out of bounds.
    fn check(&self, limits: Limits) -> Result<(), Problem>;
}

/// Any JSON object; what may be in it is decided by the handler.
impl Bounded for Map<String, Value> {
    fn check(&self, _: Limits) -> Result<(), Problem> {
        Ok(())
    }
}

/// A JSON body of at most [`BODY_BYTES`], checked.
pub(crate) struct Body<T>(pub T);

impl<T: Bounded> FromRequest<Arc<Site>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<Site>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::UnsupportedMediaType);
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| {
                match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Problem::BodyTooLarge,
                    _ => Problem::malformed(rejection),
                }
            })?;
        let value: T = serde_json::from_slice(&bytes).map_err(Problem::malformed)?;
        value.check(Limits::of(&state.switches))?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The query, checked; a parameter that is not documented is refused.
pub(crate) struct Filter<T>(pub T);

impl<T: Bounded> FromRequestParts<Arc<Site>> for Filter<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Site>) -> Result<Self, Problem> {
        let Query(value) =
            Query::<T>::from_request_parts(parts, state).await.map_err(Problem::malformed)?;
        value.check(Limits::of(&state.switches))?;
        Ok(Self(value))
    }
}

/// The `{id}` of the path.
pub(crate) struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(Problem::malformed)?;
        check_id("id", &id)?;
        Ok(Self(id))
    }
}

/// Lower-case letters, digits, `_` and `-`, at most [`ID_CHARS`].
pub(crate) fn check_id(field: &str, id: &str) -> Result<(), Problem> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if id.is_empty() || id.len() > ID_CHARS || !id.chars().all(good) {
        return Err(Problem::malformed(format!("syntax error at or near \"{id}\" in `{field}`")));
    }
    Ok(())
}

/// Between 1 and `most` characters, none of them a control character.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if length == 0 || length > most || text.chars().any(char::is_control) {
        return Err(Problem::malformed(format!("value too long for column `{field}`: {length}")));
    }
    Ok(())
}

/// Two capital letters (ISO 3166-1 alpha-2).
pub(crate) fn check_country(field: &str, code: &str) -> Result<(), Problem> {
    if code.len() != 2 || !code.chars().all(|c| c.is_ascii_uppercase()) {
        return Err(Problem::malformed(format!("`{field}` is no country code: {code}")));
    }
    Ok(())
}

/// Between 1 and [`WEIGHT_GRAMS`].
pub(crate) fn check_weight(grams: u32) -> Result<(), Problem> {
    if grams == 0 || grams > WEIGHT_GRAMS {
        return Err(Problem::malformed(format!("check constraint `weight_grams`: {grams}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        assert!(check_text("name", &"é".repeat(TEXT_CHARS), TEXT_CHARS).is_ok());
        assert!(check_text("name", &"é".repeat(TEXT_CHARS + 1), TEXT_CHARS).is_err());
        assert!(check_text("name", "", TEXT_CHARS).is_err());
        assert!(check_text("name", "a\nb", TEXT_CHARS).is_err());
        assert!(check_weight(WEIGHT_GRAMS).is_ok());
        assert!(check_weight(WEIGHT_GRAMS + 1).is_err());
        assert!(check_country("country", "be").is_err());
        assert!(check_id("id", "par_0123").is_ok());
        assert!(check_id("id", "par' OR 1=1").is_err());
    }
}
