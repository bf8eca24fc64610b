//! Every kind of id there is: typed, 128 bits (UUIDv7 by custom), a prefix on the wire.
//!
//! Wire form: `<prefix>_` and 26 characters of lower-case Crockford base 32, most significant first.
//! The domain never makes an id; the edge does, from a clock and randomness.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// Why a text is not the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {noun} id; expected `{prefix}_` and 26 characters of base 32")]
pub struct IdError {
    text: String,
    noun: &'static str,
    prefix: &'static str,
}

fn value_of(character: u8) -> Option<u8> {
    const VALUES: [u8; 256] = {
        let mut table = [255_u8; 256];
        let mut value = 0;
        while value < 32 {
            #[expect(clippy::indexing_slicing, reason = "evaluated at compile time, in bounds")]
            {
                table[ALPHABET[value] as usize] = value as u8;
            }
            value += 1;
        }
        table
    };
    VALUES.get(usize::from(character)).copied().filter(|value| *value < 32)
}

fn parse(prefix: &str, text: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
    if digits.len() != LENGTH || digits.first().copied().and_then(value_of)? > 7 {
        return None;
    }
    digits.iter().try_fold(0_u128, |sum, digit| Some(sum << 5 | u128::from(value_of(*digit)?)))
}

/// Prints without allocating; every prefix has three letters.
fn print<'a>(prefix: &str, id: u128, to: &'a mut [u8; 4 + LENGTH]) -> &'a str {
    let (head, digits) = to.split_at_mut(4);
    for (place, letter) in head.iter_mut().zip(prefix.bytes().chain([b'_'])) {
        *place = letter;
    }
    let mut rest = id;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((rest & 31) as usize).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    std::str::from_utf8(to).unwrap_or_default()
}

/// Reads an id from a text without allocating.
struct Reader(&'static str, &'static str);

impl serde::de::Visitor<'_> for Reader {
    type Value = u128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} id: `{}_` and 26 characters of base 32", self.1, self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u128, E> {
        parse(self.0, text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal $noun:literal;)*) => {$(
        $(#[$doc])*
        // Packed: as a key of a row, an id takes no padding. Rows are most of what a state is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(Rust, packed(8))]
        pub struct $name(pub u128);

        impl $name {
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(print($prefix, self.0, &mut [0_u8; 4 + LENGTH]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map($name).ok_or_else(|| IdError {
                    text: text.chars().take(64).collect(),
                    noun: $noun,
                    prefix: $prefix,
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if !to.is_human_readable() {
                    return { self.0 }.serialize(to);
                }
                let mut text = [0_u8; 4 + LENGTH];
                to.serialize_str(print($prefix, self.0, &mut text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    from.deserialize_str(Reader($prefix, $noun)).map($name)
                } else {
                    u128::deserialize(from).map($name)
                }
            }
        }
    )*};
}

ids! {
    /// A human or a service account.
    PersonId "psn" "person";
    VendorId "vnd" "vendor";
    ServiceId "svc" "service";
    TicketId "tkt" "ticket";
    /// One order to probe a sandbox.
    OrderId "ord" "order";
    RequestId "req" "request";
    GrantId "grt" "grant";
    TokenId "tok" "token";
    /// A vendor's credential, sealed in the vault.
    CredentialId "crd" "credential";
    /// A control node.
    NodeId "nod" "node";
    GatewayId "gtw" "gateway";
    RunnerId "run" "runner";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_the_wire(value: u128) {
            let text = TicketId(value).to_string();
            prop_assert_eq!(text.parse::<TicketId>(), Ok(TicketId(value)));
            prop_assert!(text.parse::<TokenId>().is_err());
        }

        #[test]
        fn order_on_the_wire_is_order_of_values(a: u128, b: u128) {
            prop_assert_eq!(TokenId(a).to_string().cmp(&TokenId(b).to_string()), a.cmp(&b));
        }
    }

    #[test]
    fn look_alikes_are_refused() {
        let good = TicketId(7).to_string();
        assert!(good.to_uppercase().parse::<TicketId>().is_err());
        assert!(good.replace("tkt_0", "tkt_8").parse::<TicketId>().is_err(), "overflow");
        assert!(format!("{good}0").parse::<TicketId>().is_err());
        assert!(good.replace('7', "l").parse::<TicketId>().is_err());
    }
}
