//! Units of `client`.

use super::*;
use crate::live::request::Presented;
use crate::order::{Bounds, Credentials};
use crate::secret::Secret;

fn client() -> Client {
    let bounds = Bounds { max_requests: 9, per_second: 100, seconds: 5, max_answer_bytes: 1_000 };
    let order = Order {
        nonce: String::new(),
        target: "https://a.example".to_owned(),
        reach: Reach::Public,
        document: serde_json::Value::Null,
        checks: Vec::new(),
        credentials: Credentials::default(),
        trust: Vec::new(),
        plaintext_port: None,
        intensity: crate::order::Intensity::Normal,
        bounds,
    };
    let target = Target::read(&order.target, &[]).expect("readable");
    Client::new(&order, target).expect("a client")
}

async fn sent(client: &Client, origin: Origin) -> Result<Reply, WireError> {
    let value = Secret::new("sandbox-credential".to_owned());
    let presented = Presented::new(value, "$A", origin);
    client.send(&Request::get("/".to_owned()).with(Some(presented))).await
}

#[tokio::test]
async fn once_withheld_no_real_credential_leaves_and_invented_ones_do() {
    let client = client();
    client.withhold("nobody is proven".to_owned());
    for origin in [Origin::Genuine, Origin::Derived] {
        assert!(matches!(sent(&client, origin).await, Err(WireError::Withheld(_))));
    }
    assert_eq!(client.budget.sent(), 0);
    // It gets as far as the connection, which nobody opened here.
    assert!(matches!(sent(&client, Origin::Invented).await, Err(WireError::Unreachable(_))));
}

#[tokio::test]
async fn nothing_is_connected_before_the_target_was_found() {
    let answer = client().raw(b"hello", |_| true).await;
    assert!(matches!(answer, Err(WireError::Unreachable(_))));
}
