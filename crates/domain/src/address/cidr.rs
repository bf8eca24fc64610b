//! Address ranges: `10.0.0.0/8`, `2001:db8::/32`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A range of addresses in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), its host bits zero.
///
/// On the wire a text, always with its length: `203.0.113.7/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    network: IpAddr,
    length: u8,
}

/// Why a text is no address range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    #[error(
        "`{text}` is no address range: write it as `10.0.0.0/8`, `2001:db8::/32` or one address"
    )]
    Form { text: String },
    #[error("`/{length}` is too long for this address: at most `/{most}`")]
    Length { length: u8, most: u8 },
    #[error("`{given}` has bits outside its length: the range is `{network}`")]
    HostBits { given: String, network: Cidr },
    #[error("`{text}` is an IPv4 address in IPv6 form: write the IPv4 range")]
    Mapped { text: String },
}

impl Cidr {
    /// The range of `length` leading bits of `network`.
    ///
    /// # Errors
    /// `Length`, `HostBits`, `Mapped`.
    pub fn new(network: IpAddr, length: u8) -> Result<Self, CidrError> {
        let most = if network.is_ipv4() { 32 } else { 128 };
        if length > most {
            return Err(CidrError::Length { length, most });
        }
        if matches!(network, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(CidrError::Mapped { text: format!("{network}/{length}") });
        }
        let range = Self { network: mask(network, length), length };
        if range.network == network {
            Ok(range)
        } else {
            Err(CidrError::HostBits { given: format!("{network}/{length}"), network: range })
        }
    }

    /// Whether the range has this address. An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) counts
    /// as the IPv4 address that a socket would connect to.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && mask(address, self.length) == self.network
    }

    pub fn network(&self) -> IpAddr {
        self.network
    }

    pub fn length(&self) -> u8 {
        self.length
    }
}

fn mask(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & bits))
        }
        IpAddr::V6(v6) => {
            let bits = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & bits))
        }
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let form = || CidrError::Form { text: text.chars().take(100).collect() };
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| form())?;
        let length = match length {
            None => {
                if address.is_ipv4() {
                    32
                } else {
                    128
                }
            }
            Some(digits) => {
                let plain = digits.bytes().all(|digit| digit.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                digits.parse().ok().filter(|_| plain).ok_or_else(form)?
            }
        };
        Self::new(address, length)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.length)
    }
}

impl TryFrom<String> for Cidr {
    type Error = CidrError;

    fn try_from(text: String) -> Result<Self, CidrError> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_shown_in_one_form() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("203.0.113.7", "203.0.113.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::/0", "::/0"),
        ] {
            let cidr: Cidr = text.parse().unwrap();
            assert_eq!(cidr.to_string(), shown);
            let wire = serde_json::to_string(&cidr).unwrap();
            assert_eq!(wire, format!("\"{shown}\""));
            assert_eq!(serde_json::from_str::<Cidr>(&wire).unwrap(), cidr);
        }
    }

    #[test]
    fn texts_that_are_no_range_are_refused() {
        for text in [
            "",
            "/",
            "10/8",
            "10.0.0.0/",
            "10.0.0.0/ 8",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/-1",
            "10.0.0.0/256",
            "10.0.0.0/8/8",
            "010.0.0.0/8",
            "0x0a.0.0.0/8",
            "[::1]/128",
            "fe80::1%eth0",
            "10.0.0.0/255.0.0.0",
            "host/8",
            " 10.0.0.0/8",
        ] {
            assert!(matches!(text.parse::<Cidr>(), Err(CidrError::Form { .. })), "{text}");
        }
        assert_eq!("10.0.0.0/33".parse::<Cidr>(), Err(CidrError::Length { length: 33, most: 32 }));
        assert_eq!("::/129".parse::<Cidr>(), Err(CidrError::Length { length: 129, most: 128 }));
        assert!(matches!("::ffff:10.0.0.0/104".parse::<Cidr>(), Err(CidrError::Mapped { .. })));
        let refused = "10.1.2.3/8".parse::<Cidr>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`10.1.2.3/8` has bits outside its length: the range is `10.0.0.0/8`"
        );
        assert!("2001:db8::1/32".parse::<Cidr>().is_err());
    }

    #[test]
    fn a_range_has_its_first_and_last_address_and_none_beside_them() {
        for (range, first, last, below, above) in [
            ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("192.0.2.4/31", "192.0.2.4", "192.0.2.5", "192.0.2.3", "192.0.2.6"),
            ("192.0.2.4/32", "192.0.2.4", "192.0.2.4", "192.0.2.3", "192.0.2.5"),
            ("fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fbff::", "fe00::"),
        ] {
            let range: Cidr = range.parse().unwrap();
            let has = |address: &str| range.contains(address.parse().unwrap());
            assert!(has(first) && has(last), "{range}");
            assert!(!has(below) && !has(above), "{range}");
        }
    }

    #[test]
    fn families_do_not_mix_but_mapped_addresses_are_ipv4() {
        let all_four: Cidr = "0.0.0.0/0".parse().unwrap();
        let all_six: Cidr = "::/0".parse().unwrap();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert!(all_four.contains(mapped) && !all_six.contains(mapped));
        assert!(!all_four.contains("::1".parse().unwrap()));
        assert!(all_six.contains("::10.0.0.1".parse().unwrap()));
        assert!(!all_six.contains("10.0.0.1".parse().unwrap()));
    }
}
