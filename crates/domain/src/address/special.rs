//! The special-purpose address blocks (RFC 6890 and the IANA registries that it founded).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, when it is not for reaching a host on the public internet. Codes are
/// stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Special {
    #[error("unspecified (`0.0.0.0`, `::`)")]
    Unspecified,
    #[error("of this network (0.0.0.0/8)")]
    ThisNetwork,
    #[error("this machine itself (loopback)")]
    Loopback,
    #[error("private")]
    Private,
    #[error("shared by a carrier's customers (100.64.0.0/10)")]
    SharedCarrier,
    #[error("link-local")]
    LinkLocal,
    #[error("multicast")]
    Multicast,
    #[error("broadcast")]
    Broadcast,
    #[error("set aside for documentation")]
    Documentation,
    #[error("set aside for benchmarks")]
    Benchmarking,
    #[error("set aside for protocols")]
    Protocol,
    #[error("that of a tunnel (6to4, Teredo, local NAT64)")]
    Tunnel,
    #[error("reserved")]
    Reserved,
    #[error("a cloud's metadata or host service")]
    Metadata,
}

impl Special {
    /// The stable code of the reason to refuse it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "address-unspecified",
            Self::ThisNetwork => "address-this-network",
            Self::Loopback => "address-loopback",
            Self::Private => "address-private",
            Self::SharedCarrier => "address-shared-carrier",
            Self::LinkLocal => "address-link-local",
            Self::Multicast => "address-multicast",
            Self::Broadcast => "address-broadcast",
            Self::Documentation => "address-documentation",
            Self::Benchmarking => "address-benchmarking",
            Self::Protocol => "address-protocol",
            Self::Tunnel => "address-tunnel",
            Self::Reserved => "address-reserved",
            Self::Metadata => "address-metadata",
        }
    }

    /// Whether no declared range can make such an address an upstream.
    pub fn is_never_declared(self) -> bool {
        match self {
            Self::Unspecified
            | Self::ThisNetwork
            | Self::Loopback
            | Self::LinkLocal
            | Self::Multicast
            | Self::Broadcast
            | Self::Tunnel
            | Self::Metadata => true,
            Self::Private
            | Self::SharedCarrier
            | Self::Documentation
            | Self::Benchmarking
            | Self::Protocol
            | Self::Reserved => false,
        }
    }
}

/// Addresses at which clouds answer with a machine's own secrets, or that talk to its host agent.
/// None of them is ever an upstream, whatever range was declared.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// What an address is for; `None` for one of the public internet.
///
/// An address that carries an IPv4 address and reaches it (IPv4-mapped, RFC 4291 §2.5.5.2; NAT64,
/// RFC 6052 §2.1) is what the carried address is.
pub fn special(address: IpAddr) -> Option<Special> {
    match address.to_canonical() {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

/// IANA IPv4 Special-Purpose Address Registry. Blocks that it calls globally reachable (AS112, AMT)
/// are public here; within 192.0.0.0/24 no exception is made.
fn special_v4(address: Ipv4Addr) -> Option<Special> {
    if METADATA_V4.contains(&address) {
        return Some(Special::Metadata);
    }
    match address.octets() {
        [0, 0, 0, 0] => Some(Special::Unspecified),
        [255, 255, 255, 255] => Some(Special::Broadcast), // RFC 919
        [0, ..] => Some(Special::ThisNetwork),            // RFC 791
        [10, ..] => Some(Special::Private),               // RFC 1918
        [100, 64..=127, ..] => Some(Special::SharedCarrier), // RFC 6598
        [127, ..] => Some(Special::Loopback),             // RFC 1122
        [169, 254, ..] => Some(Special::LinkLocal),       // RFC 3927
        [172, 16..=31, ..] => Some(Special::Private),     // RFC 1918
        [192, 0, 0, _] => Some(Special::Protocol),        // RFC 6890
        [192, 0, 2, _] => Some(Special::Documentation),   // RFC 5737
        [192, 88, 99, _] => Some(Special::Tunnel),        // RFC 7526
        [192, 168, ..] => Some(Special::Private),         // RFC 1918
        [198, 18..=19, ..] => Some(Special::Benchmarking), // RFC 2544
        [198, 51, 100, _] => Some(Special::Documentation), // RFC 5737
        [203, 0, 113, _] => Some(Special::Documentation), // RFC 5737
        [224..=239, ..] => Some(Special::Multicast),      // RFC 5771
        [240..=255, ..] => Some(Special::Reserved),       // RFC 1112
        _ => None,
    }
}

/// IANA IPv6 Special-Purpose Address Registry. Only 2000::/3 is assigned for the public internet
/// (RFC 4291 §2.4); all else that is not named is reserved.
fn special_v6(address: Ipv6Addr) -> Option<Special> {
    if METADATA_V6.contains(&address) {
        return Some(Special::Metadata);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Special::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Special::Loopback),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => special_v4(joined(high, low)), // RFC 6052
        [0x64, 0xff9b, 1, ..] => Some(Special::Tunnel),                         // RFC 8215
        [0x100, 0, 0, ..] => Some(Special::Reserved),                           // RFC 6666, 9780
        [0x2001, 0, ..] => Some(Special::Tunnel),                               // RFC 4380
        [0x2001, 2, 0, ..] => Some(Special::Benchmarking),                      // RFC 5180
        [0x2001, 0..=0x1ff, ..] => Some(Special::Protocol),                     // RFC 2928
        [0x2001, 0xdb8, ..] => Some(Special::Documentation),                    // RFC 3849
        [0x2002, ..] => Some(Special::Tunnel),                                  // RFC 3056
        [0x3fff, 0..=0xfff, ..] => Some(Special::Documentation),                // RFC 9637
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some(Special::Private), // RFC 4193
        [0xfe80..=0xfebf, ..] => Some(Special::LinkLocal), // RFC 4291 §2.5.6
        [0xfec0..=0xfeff, ..] => Some(Special::Private), // RFC 3879
        [0xff00..=0xffff, ..] => Some(Special::Multicast), // RFC 4291 §2.7
        _ => Some(Special::Reserved),
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}
