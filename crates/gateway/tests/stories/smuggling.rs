//! Requests that two servers could read in two ways are refused, and the connection is closed.

use crate::ledger::{Ask, Setup};
use crate::raw::Raw;
use crate::vendor::Vendor;
use crate::world::World;

/// What is sent, with `TOKEN` for a good token, and what must come of it.
const CORPUS: &[(&str, &str, u16)] = &[
    (
        "content-length and transfer-encoding",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /parcels/sandbox/open/admin HTTP/1.1\r\n\r\n",
        400,
    ),
    (
        "transfer-encoding in front of content-length",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "two lengths",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        400,
    ),
    (
        "the same length twice",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        400,
    ),
    (
        "a list of lengths",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length: 5, 5\r\n\r\nhello",
        400,
    ),
    (
        "a signed length",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length: +5\r\n\r\nhello",
        400,
    ),
    (
        "a length with a space in front of the colon",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Content-Length : 5\r\n\r\nhello",
        400,
    ),
    (
        "a coding that is not only chunked",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "a disguised coding",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "two codings",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "chunked in HTTP/1.0",
        "POST /parcels/sandbox/open/x HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "a folded field",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         X-A: b\r\n c\r\n\r\n",
        400,
    ),
    (
        "bare line feeds",
        "GET /parcels/sandbox/open/x HTTP/1.1\nHost: a\nAuthorization: Bearer TOKEN\n\n",
        400,
    ),
    (
        "a carriage return in a value",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         X-A: b\rX-B: c\r\n\r\n",
        400,
    ),
    (
        "a null in a value",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         X-A: b\0c\r\n\r\n",
        400,
    ),
    ("no host", "GET /parcels/sandbox/open/x HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n", 400),
    (
        "two hosts",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "a host with a user",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a@b\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "a host that is a path",
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a/b\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "absolute form",
        "GET http://a/parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "absolute form of another host",
        "GET http://169.254.169.254/latest HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "authority form",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        405,
    ),
    ("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n", 400),
    (
        "two slashes in front",
        "GET //parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        400,
    ),
    (
        "a dot segment",
        "GET /parcels/sandbox/open/../open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        403,
    ),
    (
        "an encoded slash",
        "GET /parcels/sandbox/open%2fx HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        403,
    ),
    (
        "a backslash",
        "GET /parcels/sandbox/open\\x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        403,
    ),
    (
        "a service's name in disguise",
        "GET /%70arcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        403,
    ),
    (
        "TRACE",
        "TRACE /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n",
        405,
    ),
    (
        "an unknown expectation",
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\
         Expect: 200-ok\r\nContent-Length: 0\r\n\r\n",
        417,
    ),
];

#[tokio::test]
async fn ambiguous_requests_are_refused_and_nothing_reaches_the_vendor() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    for (name, request, status) in CORPUS {
        let mut caller = Raw::to(world.address).await;
        caller.send(request.replace("TOKEN", &token).as_bytes()).await;
        let answer = caller.answer().await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&line), "{name}: {answer}");
        assert!(!answer.contains("pcl_"), "{name}: {answer}");
        assert!(vendor.requests().is_empty(), "{name} reached the vendor");
    }
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_large_header_section_is_refused() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    for fields in [format!("X: {}\r\n", "x".repeat(70_000)), "X: y\r\n".repeat(120)] {
        let mut caller = Raw::to(world.address).await;
        let line = "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\n";
        let request = format!("{line}Authorization: Bearer {token}\r\n{fields}\r\n");
        caller.send(request.as_bytes()).await;
        let answer = caller.answer().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert!(vendor.requests().is_empty());
}

/// What a refused request leaves in the connection is never read as the next request.
#[tokio::test]
async fn a_refused_body_is_not_a_request() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let inner = format!(
        "GET /parcels/sandbox/open/inner HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let length = inner.len();
    let outer = format!(
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{inner}"
    );
    let mut caller = Raw::to(world.address).await;
    caller.send(outer.as_bytes()).await;
    let answers = caller.rest().await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    assert!(answers.starts_with("HTTP/1.1 401 "), "{answers}");
    assert!(vendor.requests().is_empty());
}

/// A second request in the same breath is not served: the connection ends behind the first answer.
#[tokio::test]
async fn requests_in_a_row_are_not_pipelined() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let request = |path: &str| {
        format!(
            "GET /parcels/sandbox{path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
    };
    let mut caller = Raw::to(world.address).await;
    caller.send(format!("{}{}", request("/open/x"), request("/open/y")).as_bytes()).await;
    let answers = caller.rest().await;
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1, "{answers}");
    assert!(vendor.request().contains("/open/x"));
}

/// Fields that are between the caller and the gateway only, and those nominated by `Connection`.
#[tokio::test]
async fn hop_by_hop_fields_end_here() {
    let vendor = Vendor::new(|_| {
        let fields = "Connection: x-private\r\nX-Private: v\r\nKeep-Alive: timeout=9\r\n\
                      Set-Cookie: session=of-the-vendor\r\nAlt-Svc: h3=\":443\"\r\nX-Public: v\r\n";
        crate::vendor::Say::All(crate::vendor::answer_with("200 OK", fields, "hello"))
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Connection: keep-alive, x-hop\r\nX-Hop: v\r\nKeep-Alive: 5\r\nTE: trailers\r\n\
         Proxy-Authorization: Basic eDp5\r\nUpgrade: h2c\r\nX-End: v\r\n\r\n"
    );
    caller.send(request.as_bytes()).await;
    let answer = caller.answer().await.to_ascii_lowercase();
    assert!(answer.contains("x-public: v"), "{answer}");
    for gone in ["x-private", "timeout=9", "set-cookie", "alt-svc"] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
    let got = vendor.request().to_ascii_lowercase();
    assert!(got.contains("x-end: v") && got.contains("authorization: bearer sk_live"), "{got}");
    for gone in ["x-hop", "keep-alive: 5", "te: ", "proxy-authorization", "upgrade"] {
        assert!(!got.contains(gone), "{gone} in {got}");
    }
}
