//! Which resolved addresses the gateway may connect to.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::cidr::Cidr;
use super::special::{Special, special};

/// How far the upstreams of an environment may lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Hosts on the public internet.
    Public,
    /// This machine only, for trials.
    Loopback,
    /// Exactly these ranges.
    Private(Vec<Cidr>),
}

/// Why an address is not connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    #[error("the address is {0}")]
    Special(Special),
    #[error("the address is not this machine")]
    NotLoopback,
    #[error("the address is in none of the environment's ranges")]
    OutsideRanges,
}

/// Whether an upstream may be at this resolved address. To be asked for every address, right before
/// connecting to that very address.
///
/// # Errors
/// The reason why not. `Public` refuses every special-purpose block (RFC 6890). `Private` allows
/// exactly its ranges, and of these never loopback, link-local, multicast, broadcast, unspecified,
/// tunnel or metadata addresses.
pub fn allowed(address: IpAddr, reach: &Reach) -> Result<(), Refused> {
    let address = address.to_canonical();
    let special = special(address);
    match reach {
        Reach::Public => special.map_or(Ok(()), |special| Err(Refused::Special(special))),
        Reach::Loopback if address.is_loopback() => Ok(()),
        Reach::Loopback => Err(Refused::NotLoopback),
        Reach::Private(ranges) => match special {
            Some(special) if special.is_never_declared() => Err(Refused::Special(special)),
            _ if ranges.iter().any(|range| range.contains(address)) => Ok(()),
            _ => Err(Refused::OutsideRanges),
        },
    }
}

impl Refused {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Special(special) => special.code(),
            Self::NotLoopback => "address-not-loopback",
            Self::OutsideRanges => "address-outside-ranges",
        }
    }
}

#[cfg(test)]
mod tests;
