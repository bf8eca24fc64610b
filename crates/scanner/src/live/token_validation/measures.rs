//! The values that the check measures.

use super::{Kind, Measure};
use crate::live::token::Defence;

const fn yes_or_no(name: &'static str, meaning: &'static str) -> Measure {
    Measure { name, kind: Kind::Bool, meaning }
}

pub const ALL: &[Measure] = &[
    Measure {
        name: "token.kind",
        kind: Kind::Text,
        meaning: "`jwt` for a signed JSON Web Token, else `opaque`",
    },
    yes_or_no(
        "token.unsigned_refused",
        "tokens that declare the algorithm `none` are refused; of an opaque credential: one without \
         its last quarter is refused",
    ),
    yes_or_no(
        "token.signature_checked",
        "tokens with a missing, wrong or foreign signature are refused; of an opaque credential: \
         one with a changed character is refused",
    ),
    yes_or_no("token.null_signature_refused", "an ECDSA signature of zeroes is refused"),
    yes_or_no(
        "token.key_confusion_refused",
        "HS256 under the public key, in every form of it, is refused; measured where the target \
         publishes one",
    ),
    yes_or_no(
        "token.secret_strong",
        "no word of a small list made the signature; measured for HS256, HS384 and HS512",
    ),
    yes_or_no("token.key_id_safe", "no name of a key led to a key of our choice"),
    yes_or_no("token.embedded_key_refused", "a key in the token's own header is not used"),
    yes_or_no(
        "token.remote_key_refused",
        "a key at an address in the token's header is not used; measured where the target can \
         reach us",
    ),
    yes_or_no(
        "token.expiry_checked",
        "an expired token is refused: the order's, one that we could sign, or the valid one after \
         its end",
    ),
    yes_or_no(
        "token.not_before_checked",
        "a token that is not yet valid is refused; measured where one could be signed",
    ),
    yes_or_no(
        "token.audience_checked",
        "a token for another audience is refused: the order's, or one that we could sign",
    ),
    yes_or_no(
        "token.issuer_checked",
        "a token of another issuer is refused; measured where one could be signed",
    ),
    yes_or_no(
        "token.critical_minded",
        "a token with an unknown critical header (RFC 7515 §4.1.11) is refused; measured where one \
         could be signed",
    ),
    Measure {
        name: "token.lifetime_seconds",
        kind: Kind::Int,
        meaning: "seconds from `iat` to `exp` of the valid token, where it states both",
    },
];

/// The value that a defence is measured by.
pub const fn of(defence: Defence) -> &'static str {
    match defence {
        Defence::Unsigned => "token.unsigned_refused",
        Defence::Signature => "token.signature_checked",
        Defence::Null => "token.null_signature_refused",
        Defence::KeyConfusion => "token.key_confusion_refused",
        Defence::WeakSecret => "token.secret_strong",
        Defence::KeyId => "token.key_id_safe",
        Defence::EmbeddedKey => "token.embedded_key_refused",
        Defence::RemoteKey => "token.remote_key_refused",
        Defence::Expiry => "token.expiry_checked",
        Defence::NotBefore => "token.not_before_checked",
        Defence::Audience => "token.audience_checked",
        Defence::Issuer => "token.issuer_checked",
    }
}
