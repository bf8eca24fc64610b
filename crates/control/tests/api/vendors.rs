//! Vendors are called by their names, so there is one of each.

use axum::http::StatusCode;
use serde_json::json;

use crate::Site;

#[tokio::test]
async fn a_name_belongs_to_one_vendor() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let add = |name: &str| {
        let (site, session, body) = (&site, &session, json!({ "name": name }));
        async move { site.post("/v1/vendors", session, &body).await }
    };
    assert_eq!(add("Parcel Ltd").await.0, StatusCode::CREATED);
    for again in ["Parcel Ltd", " parcel ltd"] {
        let (status, problem) = add(again).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert_eq!(problem["reasons"][0]["code"], "already-exists");
    }
    for odd in ["", "  ", &"x".repeat(201)] {
        assert_eq!(add(odd).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(add("Parcel").await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn of_two_at_the_same_moment_one_comes_in() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let body = json!({ "name": "Parcel Ltd" });
    let both = [(); 8].map(|()| site.post("/v1/vendors", &session, &body));
    let answers = futures_util::future::join_all(both).await;
    let created = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED);
    assert_eq!(created.count(), 1);
    assert_eq!(site.control.state().vendors.len(), 1);
}
