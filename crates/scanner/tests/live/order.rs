//! Orders for the stories.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::address::Reach;
use proving::{AUDIENCE, RateLimit, Running, Switches, Vendor, VendorConfig};
use scanner::{Bounds, CheckId, Credentials, Intensity, OAuthClient, Order, Report, Secret};
use serde_json::{Map, Value, json};

pub const BOUNDS: Bounds =
    Bounds { max_requests: 2_000, per_second: 400, seconds: 60, max_answer_bytes: 1_000_000 };

pub fn clock() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(elapsed.as_millis()).unwrap()
}

/// A vendor whose windows are short, so that a story need not wait for them.
pub async fn vendor(switches: Switches) -> Running {
    // Few enough that a burst meets the limit on a busy machine too.
    with_rate(switches, RateLimit { requests: 60, anonymous_requests: 240, window: SECOND }).await
}

/// A vendor that slows no scan down, for checks that do not ask about limits.
pub async fn patient_vendor(switches: Switches) -> Running {
    let limit = BOUNDS.per_second * 2;
    with_rate(switches, RateLimit { requests: limit, anonymous_requests: limit, window: SECOND })
        .await
}

const SECOND: Duration = Duration::from_secs(1);

async fn with_rate(switches: Switches, rate: RateLimit) -> Running {
    let config = VendorConfig { rate, ..VendorConfig::with_switches(switches) };
    Vendor::start(config).await.unwrap()
}

/// An order against a vendor with everything that it can give.
pub fn order_for(vendor: &Running, checks: &[CheckId]) -> Order {
    order_and_secrets(vendor, checks).0
}

/// The same with the credentials in it: valid, expired, for another audience.
pub fn order_and_secrets(vendor: &Running, checks: &[CheckId]) -> (Order, [String; 5]) {
    let scopes = vendor.scopes("alice");
    let kinds = [(AUDIENCE, 300), (AUDIENCE, -60), ("https://other.example", 300)];
    let [token, expired, wrong_audience] = kinds
        .map(|(audience, lifetime)| vendor.mint("alice", audience, lifetime, &scopes).unwrap());
    let [not_yet_valid, wrong_issuer] =
        [("nbf", json!(4_102_444_800_i64)), ("iss", json!("https://other.example"))].map(
            |(claim, value)| {
                let changes = Map::from_iter([(claim.to_owned(), value)]);
                vendor.mint_changed("alice", &changes).unwrap()
            },
        );
    let secrets = [token, expired, wrong_audience, not_yet_valid, wrong_issuer];
    let [token, expired, wrong_audience, not_yet_valid, wrong_issuer] =
        secrets.clone().map(|text| Some(Secret::new(text)));
    let plain = vendor.plain_url.as_ref().and_then(|url| url.rsplit_once(':')?.1.parse().ok());
    let order = Order {
        nonce: "nonce-1".to_owned(),
        target: vendor.base_url.clone(),
        reach: Reach::Loopback,
        document: vendor.document(),
        checks: checks.to_vec(),
        credentials: Credentials {
            token,
            expired,
            wrong_audience,
            not_yet_valid,
            wrong_issuer,
            oauth: vendor.client("alice").map(|client| OAuthClient {
                client_id: client.id.clone(),
                client_secret: Some(Secret::new(client.secret.clone())),
                redirect_uri: "https://app.parcel.example/callback".to_owned(),
                scope: String::new(),
            }),
            ..Credentials::default()
        },
        trust: vec![vendor.ca_pem.clone()],
        plaintext_port: plain,
        intensity: Intensity::Normal,
        bounds: BOUNDS,
    };
    (order, secrets)
}

/// An order against a server of the story's own, with one guarded operation `GET /things`.
pub fn order_at(target: &str, checks: &[CheckId], bounds: Bounds) -> Order {
    Order {
        nonce: "nonce-2".to_owned(),
        target: target.to_owned(),
        reach: Reach::Loopback,
        document: small_document(),
        checks: checks.to_vec(),
        credentials: Credentials {
            token: Some(Secret::new("sandbox-credential-1".to_owned())),
            ..Credentials::default()
        },
        trust: Vec::new(),
        plaintext_port: None,
        intensity: Intensity::Normal,
        bounds,
    }
}

fn small_document() -> Value {
    json!({"openapi": "3.1.0", "security": [{"key": []}], "paths": {"/things": {"get": {}}}})
}

pub async fn scan(order: &Order) -> Report {
    scanner::live::run(order, clock).await.unwrap()
}
