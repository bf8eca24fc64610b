//! Vendors are called by their names, so there is one of each.

use axum::http::StatusCode;
use control::control::{Control, Profile};
use control::flow::Failure;
use control::vault::Vault;
use domain::id::PersonId;
use domain::refusal::Code;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use zeroize::Zeroizing;

use crate::Site;

#[tokio::test]
async fn a_name_belongs_to_one_vendor() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let add = async |name: &str| site.post("/v1/vendors", &session, &json!({ "name": name })).await;
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
async fn a_name_that_was_changed_in_the_database_keeps_no_other_vendor_out() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let body = json!({ "name": "Parcel Ltd" });
    assert_eq!(site.post("/v1/vendors", &session, &body).await.0, StatusCode::CREATED);
    let paper = site.control.state().vendors.values().next().unwrap().profile;
    let url = format!("sqlite://{}", site.place.data().join("portcullis.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let changed = sqlx::query("UPDATE papers SET content = x'00' WHERE digest = $1");
    let changed = changed.bind(paper.0.to_vec()).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    // A node that starts now reads every name.
    let vault = Vault::new([(1, Zeroizing::new([7; 32]))]).unwrap();
    let (journal, clock) = (site.control.journal.clone(), site.control.clock.clone());
    let later = Control::new(journal, vault, clock, String::new(), String::new());
    let who = *site.control.state().people.keys().next().unwrap();
    let profile = |name: &str| Profile { name: name.to_owned(), contact: String::new() };
    later.add_vendor(who, profile("Rails AG")).await.unwrap();
    let again = later.add_vendor(who, profile("Rails AG")).await;
    assert!(matches!(again, Err(Failure::Refused(_))), "{again:?}");
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

#[tokio::test]
async fn a_refused_vendor_leaves_its_name_free() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let profile = Profile { name: "Parcel Ltd".to_owned(), contact: String::new() };
    let stranger = site.control.add_vendor(PersonId(404), profile).await;
    assert!(matches!(stranger, Err(Failure::Refused(_))), "{stranger:?}");
    let again = site.post("/v1/vendors", &session, &json!({ "name": "Parcel Ltd" })).await;
    assert_eq!(again.0, StatusCode::CREATED, "{}", again.1);
}

#[tokio::test]
async fn a_name_that_stands_in_the_ledger_is_known_after_a_restart() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let body = json!({ "name": "Parcel Ltd" });
    assert_eq!(site.post("/v1/vendors", &session, &body).await.0, StatusCode::CREATED);
    let vault = Vault::new([(1, Zeroizing::new([7; 32]))]).unwrap();
    let (journal, clock) = (site.control.journal.clone(), site.control.clock.clone());
    let later = Control::new(journal, vault, clock, String::new(), String::new());
    let who = *site.control.state().people.keys().next().unwrap();
    let profile = Profile { name: "PARCEL LTD".to_owned(), contact: String::new() };
    let Err(Failure::Refused(refusal)) = later.add_vendor(who, profile).await else {
        panic!("the name is taken");
    };
    assert_eq!(refusal.reasons[0].code, Code::Exists);
}
