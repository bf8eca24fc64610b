//! A call that may pass: the credential goes in, the token does not go out, nothing leaks back.

use domain::catalog::Placement;

use crate::ledger::{Ask, Setup};
use crate::vendor::Vendor;
use crate::world::{CREDENTIAL, World};

#[tokio::test]
async fn a_call_reaches_the_vendor_with_its_credential_and_without_the_token() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&format!("{}/base/v2", vendor.url()))).await;
    let token = world.token(&Ask::default()).await;
    let response = world
        .get("/open/things/7?a=1&b=%20x&a=2", &token)
        .header("x-custom", "kept")
        .header("cookie", "session=callers-own")
        .header("x-forwarded-for", "203.0.113.9")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "hello");
    let request = vendor.request();
    assert!(request.starts_with("GET /base/v2/open/things/7?a=1&b=%20x&a=2 HTTP/1.1\r\n"), "{request}");
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains(&format!("authorization: bearer {}", CREDENTIAL.to_lowercase())), "{request}");
    assert!(lower.contains(&format!("host: {}\r\n", vendor.address)));
    assert!(lower.contains("x-custom: kept") && lower.contains("accept-encoding: identity"));
    for gone in ["pcl_", "cookie", "forwarded"] {
        assert!(!lower.contains(gone), "{gone} in {request}");
    }
    let _ = Placement::Bearer;
}
