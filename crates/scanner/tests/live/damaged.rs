//! Answers that are half right: a shop that works, whose every few answers are damaged on their way.
//!
//! Nonsense from the first byte on stops a scan early. Here it registers, logs in, creates and reads back,
//! and meets what no client is written for in the middle of that.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use scanner::report::form::{Form, View};
use scanner::{Bounds, CheckId, Order, Report, Secret};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::order::{order_at, scan};

const BOUNDS: Bounds =
    Bounds { max_requests: 350, per_second: 2_000, seconds: 10, max_answer_bytes: 65_536 };
/// The credential of the order; the shop repeats it to whoever brings it.
const TOKEN: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.c2lnbmF0dXJlLW9mLWE";

/// What happens to one answer.
#[derive(Debug, Clone)]
enum Damage {
    Nothing,
    Status(u16),
    MediaType(&'static str),
    Header(&'static str, Vec<u8>),
    /// The body ends here, and says so.
    Ends(prop::sample::Index),
    /// The body ends here, and more was announced.
    Breaks(prop::sample::Index),
    Byte(prop::sample::Index, u8),
    /// One value of the body gives way to another.
    Value(prop::sample::Index, Value),
    /// The body lies this deep in lists.
    Deep(usize),
    Body(Vec<u8>),
    Wire(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..most);
    let status = select(&[100, 101, 199, 200, 204, 206, 301, 304, 401, 404, 429, 500, 999][..]);
    let media =
        select(&["", "text/html", "application/xml", "text/event-stream", "a/b; charset=\""][..]);
    let header = select(
        &[
            "Set-Cookie",
            "Location",
            "WWW-Authenticate",
            "Retry-After",
            "Date",
            "Allow",
            "Link",
            "RateLimit-Limit",
            "X-RateLimit-Reset",
            "Content-Encoding",
            "Transfer-Encoding",
            "Access-Control-Allow-Origin",
            "Strict-Transport-Security",
            "Content-Length",
            "ETag",
        ][..],
    );
    let text = prop_oneof![
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        bytes(40).prop_map(|mut bytes| {
            bytes.retain(|byte| !b"\r\n".contains(byte));
            bytes
        }),
    ];
    let value = prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([[]])),
        Just(json!(-1)),
        Just(json!(1e308)),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        select(&["", "/", "..", "{id}", "\u{0}", "ä\u{202e}", "http://[", "a.b.c", "eyJ.eyJ."][..])
            .prop_map(Value::from),
    ];
    prop_oneof![
        60 => Just(Damage::Nothing),
        2 => status.prop_map(Damage::Status),
        2 => media.prop_map(Damage::MediaType),
        6 => (header, text).prop_map(|(name, value)| Damage::Header(name, value)),
        2 => place().prop_map(Damage::Ends),
        1 => place().prop_map(Damage::Breaks),
        3 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        8 => (place(), value).prop_map(|(at, value)| Damage::Value(at, value)),
        1 => (0_usize..3_000).prop_map(Damage::Deep),
        2 => bytes(200).prop_map(Damage::Body),
        2 => bytes(60).prop_map(Damage::Wire),
    ]
}

impl Damage {
    /// The bytes on the wire instead of a whole answer.
    fn done_to(&self, status: u16, body: &Value) -> Vec<u8> {
        let mut bytes = match self {
            Self::Value(at, other) => replaced(body, *at, other).to_string().into_bytes(),
            Self::Deep(depth) => {
                format!("{}{body}{}", "[".repeat(*depth), "]".repeat(*depth)).into_bytes()
            }
            Self::Body(bytes) => bytes.clone(),
            Self::Wire(bytes) => return bytes.clone(),
            _ => body.to_string().into_bytes(),
        };
        let announced = bytes.len();
        match self {
            Self::Ends(at) | Self::Breaks(at) => bytes.truncate(at.index(announced.max(1))),
            Self::Byte(at, byte) if announced > 0 => bytes[at.index(announced)] = *byte,
            _ => {}
        }
        let announced = if matches!(self, Self::Breaks(_)) { announced } else { bytes.len() };
        let status = if let Self::Status(other) = self { *other } else { status };
        let media = if let Self::MediaType(other) = self { *other } else { "application/json" };
        let mut wire = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: {media}\r\nContent-Length: {announced}\r\n"
        )
        .into_bytes();
        if let Self::Header(name, value) = self {
            wire.extend_from_slice(name.as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        wire.extend_from_slice(&bytes);
        wire
    }
}

/// The value with another one in place of one of its parts.
fn replaced(value: &Value, at: prop::sample::Index, other: &Value) -> Value {
    let mut whole = value.clone();
    let mut paths = vec![String::new()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        match whole.pointer(&path) {
            Some(Value::Object(members)) => {
                paths.extend(members.keys().map(|key| format!("{path}/{key}")))
            }
            Some(Value::Array(items)) => {
                paths.extend((0..items.len()).map(|index| format!("{path}/{index}")))
            }
            _ => {}
        }
        next += 1;
    }
    if let Some(part) = whole.pointer_mut(&paths[at.index(paths.len())]) {
        *part = other.clone();
    }
    whole
}

/// A shop with people and things in it.
#[derive(Default)]
struct Shop {
    things: BTreeMap<usize, Value>,
    people: Vec<Value>,
}

impl Shop {
    fn answer(
        &mut self,
        method: &str,
        path: &str,
        credential: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let path = path.split('?').next().unwrap_or_default();
        let id = path.rsplit('/').next().and_then(|id| id.parse().ok());
        match (method, path) {
            ("POST", "/people") => {
                let person = body.unwrap_or_default();
                self.people.push(person.clone());
                (201, json!({"id": self.people.len(), "person": person}))
            }
            ("POST", "/sessions") => match self.people.contains(&body.unwrap_or_default()) {
                true => (
                    200,
                    json!({"access_token": format!("session-of-{:032x}", self.people.len()), "refresh_token": "again"}),
                ),
                false => (401, json!({"error": "who are you"})),
            },
            _ if credential.is_none() => (401, json!({"error": "log in"})),
            ("GET", "/me") => (200, json!({"name": "a", "credential": credential})),
            ("GET", "/things") => {
                let all: Vec<_> = self.things.values().collect();
                (200, json!({"items": all, "next": null}))
            }
            ("POST", "/things") => {
                let id = self.things.len() + 1;
                let mut thing = body.filter(Value::is_object).unwrap_or_else(|| json!({}));
                thing["id"] = json!(id);
                self.things.insert(id, thing.clone());
                (201, thing)
            }
            (_, _) if id.and_then(|id| self.things.get(&id)).is_none() => {
                (404, json!({"error": "no such thing"}))
            }
            ("DELETE", _) => (204, id.and_then(|id| self.things.remove(&id)).unwrap_or_default()),
            _ => {
                let thing = id.and_then(|id| self.things.get_mut(&id)).unwrap();
                for (name, value) in body.as_ref().and_then(Value::as_object).into_iter().flatten()
                {
                    thing[name] = value.clone();
                }
                (200, thing.clone())
            }
        }
    }
}

fn document() -> Value {
    let text = json!({"type": "string"});
    let content = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let person = content(json!({"type": "object", "required": ["email", "password"],
        "properties": {"email": {"type": "string", "format": "email"}, "password": text}}));
    let thing = content(json!({"type": "object", "required": ["name"],
        "properties": {"name": text, "note": text, "image_url": {"type": "string", "format": "uri"}}}));
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]);
    json!({"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}, "security": [{"token": []}],
    "paths": {
        "/people": {"post": {"summary": "Register", "security": [], "requestBody": person, "responses": {"201": {}}}},
        "/sessions": {"post": {"summary": "Log in", "security": [], "requestBody": person, "responses": {"200": {}}}},
        "/me": {"get": {"responses": {"200": {}}}},
        "/things": {
            "get": {"parameters": [{"name": "q", "in": "query", "schema": text}, {"name": "limit", "in": "query", "schema": {"type": "integer"}}]},
            "post": {"requestBody": thing, "responses": {"201": thing}}},
        "/things/{id}": {"parameters": id, "get": {}, "delete": {}, "put": {"requestBody": thing}, "patch": {"requestBody": thing}}
    }})
}

/// One request: method, path, credential, body.
async fn asked(stream: &mut TcpStream) -> Option<(String, String, Option<String>, Option<Value>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let header = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head + 4 + length {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
    let mut line = text.split(' ').map(str::to_owned);
    let body = serde_json::from_slice(&bytes[head + 4..]).ok();
    Some((line.next()?, line.next()?, header("authorization"), body))
}

/// Serves the shop; the answers are damaged in turn.
async fn shop(damages: Vec<Damage>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = Arc::new(Mutex::new((Shop::default(), damages.into_iter().cycle())));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let state = Arc::clone(&state);
            connections.spawn(async move {
                let Some((method, path, credential, body)) = asked(&mut stream).await else {
                    return;
                };
                let wire = {
                    let mut state = state.lock().unwrap();
                    let (status, body) =
                        state.0.answer(&method, &path, credential.as_deref(), body);
                    state.1.next().unwrap_or(Damage::Nothing).done_to(status, &body)
                };
                let _ = stream.write_all(&wire).await;
            });
        }
    });
    (address, tasks)
}

fn scanned(damages: Vec<Damage>, given: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (address, _tasks) = shop(damages).await;
        let mut order = Order {
            document: document(),
            ..order_at(&format!("http://{address}"), &CheckId::ALL, BOUNDS)
        };
        order.credentials.token = given.then(|| Secret::new(TOKEN.to_owned()));
        timeout(Duration::from_secs(60), scan(&order)).await.expect("the scan ends")
    })
}

#[test]
fn the_undamaged_shop_is_scanned_in_depth() {
    let report = scanned(vec![Damage::Nothing], false);
    let flaws: Vec<_> = report.findings.iter().map(|one| one.flaw.as_str()).collect();
    for flaw in ["object-changeable", "object-deletable", "field-assignable"] {
        assert!(flaws.contains(&flaw), "{flaws:?} {:?}", report.incomplete);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_of_damaged_answers_ends_and_every_form_can_be_written(
        damages in proptest::collection::vec(damage(), 350), given: bool,
    ) {
        let report = scanned(damages, given);
        prop_assert!(report.requests_sent <= BOUNDS.max_requests);
        let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        prop_assert_eq!(&read, &report);
        for form in Form::ALL {
            let text = form.write(&report, &View { all: true, ..View::default() }).unwrap();
            prop_assert!(!text.contains(TOKEN), "the credential stands in {}", form.code());
            prop_assert!(!text.contains('\u{202e}') && !text.contains('\u{0}'), "{} drives what shows it", form.code());
        }
    }
}
