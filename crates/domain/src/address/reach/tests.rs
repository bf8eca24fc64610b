//! Every special-purpose block is refused from its first to its last address, and nothing beside it.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn public(text: &str) -> Result<(), Refused> {
    allowed(ip(text), &Reach::Public)
}

/// First and last address of each block, with what it is.
const BLOCKS: &[(&str, &str, Special)] = &[
    ("0.0.0.1", "0.255.255.255", Special::ThisNetwork),
    ("10.0.0.0", "10.255.255.255", Special::Private),
    ("100.64.0.0", "100.127.255.255", Special::SharedCarrier),
    ("127.0.0.0", "127.255.255.255", Special::Loopback),
    ("169.254.0.0", "169.254.255.255", Special::LinkLocal),
    ("172.16.0.0", "172.31.255.255", Special::Private),
    ("192.0.0.0", "192.0.0.255", Special::Protocol),
    ("192.0.2.0", "192.0.2.255", Special::Documentation),
    ("192.88.99.0", "192.88.99.255", Special::Tunnel),
    ("192.168.0.0", "192.168.255.255", Special::Private),
    ("198.18.0.0", "198.19.255.255", Special::Benchmarking),
    ("198.51.100.0", "198.51.100.255", Special::Documentation),
    ("203.0.113.0", "203.0.113.255", Special::Documentation),
    ("224.0.0.0", "239.255.255.255", Special::Multicast),
    ("240.0.0.0", "255.255.255.254", Special::Reserved),
    ("255.255.255.255", "255.255.255.255", Special::Broadcast),
    ("::", "::", Special::Unspecified),
    ("::1", "::1", Special::Loopback),
    ("::2", "::fffe:ffff:ffff", Special::Reserved),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Special::Tunnel),
    ("100::", "100::ffff:ffff:ffff:ffff", Special::Reserved),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", Special::Reserved),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Special::Tunnel),
    ("2001:1::", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Special::Protocol),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Special::Benchmarking),
    ("2001:2:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Protocol),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Special::Documentation),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Tunnel),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Documentation),
    ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Reserved),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Private),
    ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Reserved),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::LinkLocal),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Private),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Special::Multicast),
];

#[test]
fn every_special_block_is_refused_to_its_edges() {
    for (first, last, special) in BLOCKS {
        assert_eq!(public(first), Err(Refused::Special(*special)), "{first}");
        assert_eq!(public(last), Err(Refused::Special(*special)), "{last}");
    }
    assert_eq!(public("0.0.0.0"), Err(Refused::Special(Special::Unspecified)));
}

#[test]
fn the_neighbours_of_special_blocks_are_public() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "8.8.8.8",
        "2000::",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "3ffe:ffff::",
        "3fff:1000::",
        "3fff:ffff::",
    ] {
        assert_eq!(public(address), Ok(()), "{address}");
    }
}

#[test]
fn an_address_in_disguise_is_what_it_carries() {
    for (first, last, special) in BLOCKS.iter().filter(|(first, ..)| first.contains('.')) {
        for (prefix, carried) in [("::ffff:", first), ("::ffff:", last), ("64:ff9b::", first)] {
            let disguised = format!("{prefix}{carried}");
            assert_eq!(public(&disguised), Err(Refused::Special(*special)), "{disguised}");
        }
        for prefix in ["::", "::ffff:0:", "64:ff9b:1::"] {
            assert!(public(&format!("{prefix}{first}")).is_err(), "{prefix}{first}");
        }
    }
    assert_eq!(public("::ffff:8.8.8.8"), Ok(()));
    assert_eq!(public("64:ff9b::8.8.8.8"), Ok(()));
    assert!(public("2002:808:808::1").is_err());
}

#[test]
fn metadata_services_are_refused_at_any_reach() {
    let everything = Reach::Private(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    for address in [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
    ] {
        let metadata = Err(Refused::Special(Special::Metadata));
        assert_eq!(public(address), metadata, "{address}");
        assert_eq!(allowed(ip(address), &everything), metadata, "{address}");
        assert_eq!(allowed(ip(address), &Reach::Loopback), Err(Refused::NotLoopback), "{address}");
    }
}

#[test]
fn loopback_reaches_this_machine_only() {
    for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(allowed(ip(address), &Reach::Loopback), Ok(()), "{address}");
    }
    for address in ["8.8.8.8", "10.0.0.1", "0.0.0.0", "::", "64:ff9b::127.0.0.1", "::127.0.0.1"] {
        assert_eq!(allowed(ip(address), &Reach::Loopback), Err(Refused::NotLoopback), "{address}");
    }
}

#[test]
fn declared_ranges_are_reached_and_nothing_else() {
    let reach = Reach::Private(vec!["10.1.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()]);
    for address in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "fd12::1"] {
        assert_eq!(allowed(ip(address), &reach), Ok(()), "{address}");
    }
    for address in ["10.2.0.0", "10.0.255.255", "8.8.8.8", "fd13::1", "2606:4700::1"] {
        assert_eq!(allowed(ip(address), &reach), Err(Refused::OutsideRanges), "{address}");
    }
    let everything = Reach::Private(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    for address in [
        "127.0.0.1",
        "::1",
        "169.254.1.1",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "2002:a00:1::",
        "2001::1",
        "0.1.2.3",
    ] {
        assert!(matches!(allowed(ip(address), &everything), Err(Refused::Special(_))), "{address}");
    }
    assert_eq!(allowed(ip("10.0.0.1"), &Reach::Private(vec![])), Err(Refused::OutsideRanges));
}

#[test]
fn reach_has_one_form_on_the_wire() {
    for (reach, wire) in [
        (Reach::Public, r#""public""#),
        (Reach::Loopback, r#""loopback""#),
        (Reach::Private(vec!["10.0.0.0/8".parse().unwrap()]), r#"{"private":["10.0.0.0/8"]}"#),
    ] {
        assert_eq!(serde_json::to_string(&reach).unwrap(), wire);
        assert_eq!(serde_json::from_str::<Reach>(wire).unwrap(), reach);
    }
    assert!(serde_json::from_str::<Reach>(r#""everywhere""#).is_err());
}
