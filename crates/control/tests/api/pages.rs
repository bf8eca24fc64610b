//! Lists come in pages, each behind the one before.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use crate::Site;

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_row_comes_twice() {
    let site = Site::new(5).await;
    let session = site.session(0).await;
    let get = async |query: &str| {
        let request = Request::get(format!("/v1/people?{query}"));
        let request = request.header("authorization", format!("Bearer {session}"));
        let (status, text) = site.send(request.body(Body::empty()).unwrap()).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let (status, page) = get(&query).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|person| person["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=2&after={next}");
    }
    let all: Vec<String> = site.control.state().people.keys().map(ToString::to_string).collect();
    assert_eq!((seen.len(), &seen), (5, &all));
    assert_eq!(get("after=nobody").await.0, StatusCode::BAD_REQUEST);
}
