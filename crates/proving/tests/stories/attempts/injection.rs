//! Attempts to have input read as something else: a path, a program, an address to call or go to.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::bench::Bench;

pub async fn reads_other_files(bench: &Bench) -> bool {
    let alice = bench.token("alice");
    let form = bench.get("/v1/forms?name=customs.txt", &alice).await.text().await.unwrap();
    assert!(form.starts_with("CUSTOMS DECLARATION"));
    let mut read = Vec::new();
    for (name, sign) in [
        ("../settings.ini", "password ="),
        ("%2e%2e%2fsettings.ini", "password ="),
        ("../../../../../../../../etc/passwd", "root:"),
    ] {
        let response = bench.get(&format!("/v1/forms?name={name}"), &alice).await;
        let ok = response.status() == StatusCode::OK;
        assert_eq!(response.text().await.unwrap().contains(sign), ok, "{name}");
        read.push(ok);
    }
    assert!(read.iter().all(|one| *one == read[0]), "{read:?}");
    read[0]
}

pub async fn evaluates(bench: &Bench) -> bool {
    let alice = bench.token("alice");
    let message = json!({ "text": "Dear {{1237*1361}}" });
    let (status, preview) = bench.send(Method::POST, "/v1/messages", &alice, &message).await;
    assert_eq!(status, StatusCode::OK);
    let text = preview["text"].as_str().unwrap();
    assert!(["Dear 1683557", "Dear {{1237*1361}}"].contains(&text), "{text}");
    text == "Dear 1683557"
}

/// Names a listener of its own, and sees whether someone calls.
pub async fn calls_inside(bench: &Bench) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let witness = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 256];
        let length = stream.read(&mut asked).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&asked[..length]).starts_with("GET /hook?n=1 HTTP/1.1")
    });
    let callback = json!({ "callback_url": format!("http://{address}/hook?n=1") });
    let alice = bench.token("alice");
    let (status, answer) = bench.send(Method::POST, "/v1/callbacks", &alice, &callback).await;
    if status == StatusCode::BAD_REQUEST {
        assert!(!witness.is_finished());
        witness.abort();
        return false;
    }
    assert_eq!((status, &answer["answered"]), (StatusCode::ACCEPTED, &json!(204)));
    timeout(Duration::from_secs(5), witness).await.unwrap().unwrap()
}

pub async fn leads_anywhere(bench: &Bench) -> bool {
    let elsewhere = "https://attacker.example/";
    let path = format!("/v1/continue?to={elsewhere}");
    let response = bench.get(&path, "").await;
    response.headers().get(header::LOCATION).is_some_and(|location| location == elsewhere)
}
