//! One spelling for one place; everything that two programs could read differently is refused.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Upstream, UpstreamError> {
    Upstream::parse(text, Plain::Never)
}

#[test]
fn declared_urls_are_read_and_shown_in_one_form() {
    for (text, shown) in [
        ("https://api.example.com", "https://api.example.com"),
        ("HTTPS://API.Example.COM:443/", "https://api.example.com"),
        ("https://api.example.com:8443/v1/", "https://api.example.com:8443/v1"),
        ("https://api.example.com/a%20b/~c", "https://api.example.com/a%20b/~c"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://intranet", "https://intranet"),
        ("https://0x.example.c0m", "https://0x.example.c0m"),
        ("https://192.0.2.1:1", "https://192.0.2.1:1"),
        ("https://[2001:DB8:0::1]:65535/x", "https://[2001:db8::1]:65535/x"),
        ("https://[::ffff:10.0.0.1]", "https://10.0.0.1"),
    ] {
        let upstream = read(text).unwrap();
        assert_eq!(upstream.to_string(), shown, "{text}");
        assert_eq!(read(shown), Ok(upstream), "{text}");
    }
}

#[test]
fn the_parts_are_told_apart() {
    let upstream = read("https://[2001:db8::1]:8443/v1").unwrap();
    assert_eq!(upstream.scheme(), Scheme::Https);
    assert_eq!(upstream.host(), &Host::Address("2001:db8::1".parse().unwrap()));
    assert_eq!(upstream.port(), 8443);
    assert_eq!(upstream.base_path(), "/v1");
    assert_eq!(upstream.authority(), "[2001:db8::1]:8443");
    let upstream = read("https://a.example/").unwrap();
    assert_eq!((upstream.port(), upstream.base_path()), (443, ""));
    assert_eq!(upstream.authority(), "a.example");
}

#[test]
fn urls_that_are_no_upstream_are_refused_with_their_reason() {
    use UpstreamError::*;
    let long = format!("https://a/{}", "a".repeat(2_000));
    for (text, reason) in [
        ("", Scheme),
        ("api.example.com", Scheme),
        ("//api.example.com", Scheme),
        ("ftp://api.example.com", Scheme),
        ("https:/api.example.com", Scheme),
        ("javascript:https://a", Scheme),
        (" https://a.example", Character),
        ("https://a.example\n", Character),
        ("https://a.example\\@b.example", Character),
        ("https://bücher.example", Character),
        ("https://a。example", Character),
        ("http://a.example", Plain),
        ("http://localhost", Plain),
        ("https://user@a.example", UserInfo),
        ("https://user:password@a.example", UserInfo),
        ("https://@a.example", UserInfo),
        ("https://a.example?x=1", QueryOrFragment),
        ("https://a.example/v1?", QueryOrFragment),
        ("https://a.example/#x", QueryOrFragment),
        ("https://a.example#@b.example", QueryOrFragment),
        (&long, TooLong),
    ] {
        assert_eq!(read(text), Err(reason), "{text}");
    }
}

#[test]
fn hosts_ports_and_base_paths_with_two_readings_are_refused() {
    use UpstreamError::*;
    let label = "a".repeat(64);
    let name = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".");
    for (text, reason) in [
        ("https://", HostName),
        ("https:///v1", HostName),
        ("https://:443", HostName),
        ("https://a..example", HostName),
        ("https://.example", HostName),
        ("https://a.example.", HostName),
        ("https://-a.example", HostName),
        ("https://a-.example", HostName),
        ("https://a_b.example", HostName),
        ("https://a%2eexample", HostName),
        ("https://*.example", HostName),
        (&format!("https://{label}.example"), HostName),
        (&format!("https://{name}"), HostName),
        ("https://127.1", OddAddress),
        ("https://2130706433", OddAddress),
        ("https://0x7f000001", OddAddress),
        ("https://0x7f.1", OddAddress),
        ("https://0X7F.0.0.0X1", OddAddress),
        ("https://0177.0.0.1", OddAddress),
        ("https://127.0.0.1.", OddAddress),
        ("https://127.0.0.01", OddAddress),
        ("https://1.2.3.4.5", OddAddress),
        ("https://256.0.0.1", OddAddress),
        ("https://a.example.0x", OddAddress),
        ("https://a.1", OddAddress),
        ("https://[::1", Ipv6),
        ("https://::1]", HostName),
        ("https://[::1]x", Ipv6),
        ("https://x[::1]", HostName),
        ("https://[::1%25eth0]", Ipv6),
        ("https://[fe80::1%eth0]", Ipv6),
        ("https://[127.0.0.1]", Ipv6),
        ("https://[]", Ipv6),
        ("https://[v1.x]", Ipv6),
        ("https://a.example:", Port),
        ("https://a.example:0", Port),
        ("https://a.example:0443", Port),
        ("https://a.example:+443", Port),
        ("https://a.example:65536", Port),
        ("https://a.example:1:2", Port),
        ("https://[::1]:", Port),
        ("https://2001:db8::1", OddAddress),
        ("https://a.example//", BasePath(Unmatchable::EmptySegment)),
        ("https://a.example/a//b", BasePath(Unmatchable::EmptySegment)),
        ("https://a.example/v1//", BasePath(Unmatchable::EmptySegment)),
        ("https://a.example/../b", BasePath(Unmatchable::DotSegment)),
        ("https://a.example/%2e%2e", BasePath(Unmatchable::DotSegment)),
        ("https://a.example/a%2fb", BasePath(Unmatchable::EncodedSlash)),
        ("https://a.example/a;b", BasePath(Unmatchable::PathParameter)),
        ("https://a.example/{v}", BasePath(Unmatchable::IllegalCharacter)),
    ] {
        assert_eq!(read(text), Err(reason), "{text}");
    }
}

#[test]
fn plain_http_is_for_loopback_and_only_when_allowed() {
    for text in ["http://localhost:8080", "http://LOCALHOST", "http://127.0.0.1:1", "http://[::1]"]
    {
        assert_eq!(read(text), Err(UpstreamError::Plain), "{text}");
        assert!(Upstream::parse(text, Plain::ToLoopback).is_ok(), "{text}");
    }
    for text in [
        "http://a.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://localhost.example",
        "http://a.localhost",
        "http://127.1",
    ] {
        assert!(Upstream::parse(text, Plain::ToLoopback).is_err(), "{text}");
    }
    assert_eq!(Upstream::parse("http://localhost", Plain::ToLoopback).unwrap().port(), 80);
}

#[test]
fn on_the_wire_it_is_its_text() {
    let upstream = read("https://a.example:8443/v1").unwrap();
    let wire = serde_json::to_string(&upstream).unwrap();
    assert_eq!(wire, r#""https://a.example:8443/v1""#);
    assert_eq!(serde_json::from_str::<Upstream>(&wire).unwrap(), upstream);
    assert!(serde_json::from_str::<Upstream>(r#""https://u@a.example""#).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_shown_and_read_again_the_same(
        text in r"(https|http|HTTPS)://[a-z0-9.\[\]:@%x-]{0,12}(:[0-9]{0,5})?(/[a-z0-9.%/;]{0,6})?"
    ) {
        if let Ok(upstream) = Upstream::parse(&text, Plain::ToLoopback) {
            let shown = upstream.to_string();
            prop_assert_eq!(Upstream::parse(&shown, Plain::ToLoopback), Ok(upstream));
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = Upstream::parse(&text, Plain::ToLoopback);
        let _ = Upstream::parse(&format!("https://{text}"), Plain::ToLoopback);
    }
}
