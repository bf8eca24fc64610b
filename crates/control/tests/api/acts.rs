//! Acts that wait for a second operator: what was signed before something else changed counts no more.

use axum::http::StatusCode;
use domain::authority::Act;
use domain::people::{Kind, Role, RolesSet};
use serde_json::json;

use control::testing::Someone;

use crate::Site;

#[tokio::test]
async fn an_operator_who_signed_before_another_act_signs_again() {
    let site = Site::new(2).await;
    let sessions = [site.session(0).await, site.session(1).await];
    let sue = Someone::new(7);
    let joined = Act::PersonAdded(sue.added(Kind::Human, &["security"]));
    site.ledger.authorise(&site.control.journal, joined, |_| Ok(())).await.unwrap();
    let roles = |roles: &[&str]| {
        let roles = roles.iter().map(|role| Role::new(*role)).collect();
        Act::RolesSet(RolesSet { person: sue.id, roles })
    };
    let act = roles(&["security", "privacy"]);
    let sign = |number: usize| site.ledger.operators[number].sign_act(&site.control.state(), &act);

    let proposal = json!({ "act": act, "signatures": [sign(0)] });
    let (status, waiting) = site.post("/v1/acts", &sessions[0], &proposal).await;
    assert_eq!((status, &waiting["signatures"]), (StatusCode::ACCEPTED, &1.into()), "{waiting}");
    let path = format!("/v1/acts/{}/signatures", waiting["waiting"].as_str().unwrap());
    let kept_back = sign(1);
    site.ledger.authorise(&site.control.journal, roles(&[]), |_| Ok(())).await.unwrap();

    let (status, refused) = site.post(&path, &sessions[1], &json!(kept_back)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert_eq!(refused["reasons"][0]["code"], "signature-overtaken");
    let (status, second) = site.post(&path, &sessions[1], &json!(sign(1))).await;
    assert_eq!((status, &second["signatures"]), (StatusCode::ACCEPTED, &1.into()), "{second}");
    let (status, both) = site.post(&path, &sessions[0], &json!(sign(0))).await;
    assert_eq!(status, StatusCode::CREATED, "{both}");
    assert!(site.control.state().people[&sue.id].has("privacy"));
}
