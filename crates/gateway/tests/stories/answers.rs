//! The vendor's credential never comes back, however the vendor writes it and cuts it up.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::mpsc;

use crate::ledger::{Ask, Setup};
use crate::raw::Raw;
use crate::vendor::{Say, Vendor, answer_with};
use crate::world::{CREDENTIAL, World, problem};

/// An allowed call, as it stands on the wire.
fn request(token: &str) -> String {
    format!(
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

#[tokio::test]
async fn an_echoed_credential_is_masked_in_header_and_body() {
    let encoded = STANDARD.encode(CREDENTIAL);
    let escaped = "sk_live%2F9f8e7d6c5b4a%2Bvendor%3Dsecret";
    let body = format!("raw {CREDENTIAL} base64 {encoded} percent {escaped} end");
    let length = body.len();
    let fields = format!("X-Echo: Bearer {CREDENTIAL}\r\nLocation: /next?key={escaped}\r\n");
    let vendor =
        Vendor::new(move |_| Say::All(answer_with("401 Unauthorized", &fields, &body))).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let echo = response.headers()["x-echo"].to_str().unwrap().to_owned();
    assert_eq!(echo, format!("Bearer {}", "*".repeat(CREDENTIAL.len())));
    assert_eq!(response.headers()["location"], format!("/next?key={}", "*".repeat(escaped.len())));
    let text = response.text().await.unwrap();
    assert_eq!(text.len(), length);
    assert!(text.starts_with("raw ****") && text.ends_with(" end"), "{text}");
    for trace in ["sk_live", "secret", &encoded[4..20]] {
        assert!(!text.contains(trace), "{trace} in {text}");
    }
}

/// The reason phrase is the vendor's own text too, of interim answers as well.
#[tokio::test]
async fn the_vendors_words_for_a_status_do_not_pass() {
    let interim = format!("HTTP/1.1 103 {CREDENTIAL}\r\n\r\n");
    let last = answer_with(&format!("200 {CREDENTIAL}"), "", "hello");
    let vendor =
        Vendor::new(move |_| Say::All([interim.as_bytes(), last.as_slice()].concat())).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    caller.send(request(&token).as_bytes()).await;
    let text = caller.until(|text| text.ends_with("hello")).await;
    for line in ["HTTP/1.1 103 Early Hints\r\n", "HTTP/1.1 200 OK\r\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("sk_live"), "{text}");
}

/// Piece by piece: every border inside the credential, and pieces without any trace pass at once.
#[tokio::test]
async fn a_credential_cut_into_pieces_is_masked() {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |_| Say::Pieces(script.take().unwrap())).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    caller.send(request(&token).as_bytes()).await;
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    pieces.send(head.into()).await.unwrap();
    pieces.send(chunk("first line\n")).await.unwrap();
    let begun = caller.until(|text| text.contains("first line\n")).await;
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    for character in CREDENTIAL.chars() {
        pieces.send(chunk(&character.to_string())).await.unwrap();
    }
    pieces.send(chunk(" tail sk_li")).await.unwrap();
    pieces.send(b"0\r\n\r\n".to_vec()).await.unwrap();
    let rest = caller.until(|text| text.contains("0\r\n\r\n")).await;
    let body: String = rest.split("\r\n").skip(1).step_by(2).collect();
    assert_eq!(body, format!("{} tail sk_li", "*".repeat(CREDENTIAL.len())));
}

/// A vendor that compresses although it was asked not to.
#[tokio::test]
async fn a_compressed_echo_is_opened_and_masked_or_refused() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(format!("packed {CREDENTIAL} end").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let vendor = Vendor::new(move |request| {
        let coding = if request.contains("/odd") { "snappy" } else { "gzip" };
        // Not in the coding that the header names: the engine gives up decoding.
        let packed = match request {
            request if request.contains("/plain") => b"just text".to_vec(),
            _ => packed.clone(),
        };
        let length = packed.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
        );
        Say::All([head.as_bytes(), &packed].concat())
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let response = world.get("/open/x", &token).send().await.unwrap();
    let text = response.text().await.unwrap();
    assert_eq!(text, format!("packed {} end", "*".repeat(CREDENTIAL.len())));
    let response = world.get("/open/odd", &token).send().await.unwrap();
    assert_eq!(problem(response).await, (502, "upstream-answer".into()));
    // Whether the header was on its way already decides between a refusal and a cut.
    let text = match world.get("/open/plain", &token).send().await {
        Ok(response) => response.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    assert!(!text.contains("just text"), "{text}");
    assert!(text.is_empty() || text.contains("upstream-answer"), "{text}");
}
