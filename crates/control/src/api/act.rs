//! Statements to sign, acts of authority, standards and policy.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::authority::Act;
use domain::request::Asked;
use domain::signature::{Seen, Signature};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::{Body, Caller};
use super::{App, Problem};
use crate::flow::act::{MaterialText, PaperText, Proposal, Proposed};
use crate::flow::statement::Wanted;
use crate::view::request::{DecisionView, decision};

#[derive(Debug, Serialize, ToSchema)]
pub struct StatementView {
    /// The canonical text to sign as SSHSIG in the namespace `portcullis-review-v1`.
    statement: String,
    not_after: u64,
    round: u64,
    #[schema(value_type = Object)]
    seen: Seen,
}

/// The statement that the caller would sign, for an act, a request, a review, an attestation.
#[utoipa::path(post, path = "/v1/statements", request_body = Object,
    responses((status = 200, body = StatementView), (status = 409, body = Problem)))]
pub async fn statement(
    State(app): State<App>,
    Caller(who): Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Json<StatementView>, Problem> {
    let prepared = app.statement(who, &wanted)?;
    Ok(Json(StatementView {
        statement: String::from_utf8_lossy(prepared.statement.as_bytes()).into_owned(),
        not_after: prepared.not_after.0,
        round: prepared.round,
        seen: prepared.seen,
    }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedView {
    /// The entry's position, once the quorum has signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    /// The proposal's id, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<String>,
    signatures: usize,
    quorum: u8,
}

fn proposed(app: &App, proposed: Proposed) -> (StatusCode, Json<ProposedView>) {
    let quorum = app.state().settings().quorum;
    match proposed {
        Proposed::Entry(entry) => {
            let (entry, signatures) = (Some(entry), quorum.into());
            let view = ProposedView { entry, waiting: None, signatures, quorum };
            (StatusCode::CREATED, Json(view))
        }
        Proposed::Waiting { id, signatures, quorum } => {
            let view = ProposedView { entry: None, waiting: Some(id), signatures, quorum };
            (StatusCode::ACCEPTED, Json(view))
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingAct {
    id: String,
    kind: String,
    #[schema(value_type = Object)]
    act: Act,
    /// What the act names, so that whoever signs reads it and computes its digests again.
    #[schema(value_type = Vec<Object>)]
    materials: Vec<MaterialText>,
    #[schema(value_type = Vec<Object>)]
    papers: Vec<PaperText>,
    signatures: usize,
}

/// Acts that wait for operators' signatures.
#[utoipa::path(get, path = "/v1/acts", responses((status = 200, body = Vec<WaitingAct>)))]
pub async fn acts(State(app): State<App>, _: Caller) -> Result<Json<Vec<WaitingAct>>, Problem> {
    let waiting = app.proposals().await?.into_iter().map(|(id, proposal)| WaitingAct {
        id,
        kind: proposal.act.kind().to_owned(),
        signatures: proposal.signatures.len(),
        act: proposal.act,
        materials: proposal.materials,
        papers: proposal.papers,
    });
    Ok(Json(waiting.collect()))
}

/// Proposes an act with the proposer's signature.
#[utoipa::path(post, path = "/v1/acts", request_body = Object,
    responses((status = 201, body = ProposedView), (status = 202, body = ProposedView)))]
pub async fn propose(
    State(app): State<App>,
    Caller(who): Caller,
    Body(proposal): Body<Proposal>,
) -> Result<(StatusCode, Json<ProposedView>), Problem> {
    let done = app.propose(who, proposal).await?;
    Ok(proposed(&app, done))
}

/// Adds an operator's signature to a waiting act.
#[utoipa::path(post, path = "/v1/acts/{id}/signatures", params(("id" = String, Path)),
    request_body = Object, responses((status = 201, body = ProposedView)))]
pub async fn sign(
    State(app): State<App>,
    Caller(who): Caller,
    Path(id): Path<String>,
    Body(signature): Body<Signature>,
) -> Result<(StatusCode, Json<ProposedView>), Problem> {
    let done = app.sign_proposal(who, &id, signature).await?;
    Ok(proposed(&app, done))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StandardView {
    name: String,
    version: u64,
    digest: String,
    #[schema(value_type = Object)]
    standard: Option<serde_json::Value>,
}

/// The published standards, newest versions.
#[utoipa::path(get, path = "/v1/standards", responses((status = 200, body = Vec<StandardView>)))]
pub async fn standards(State(app): State<App>, _: Caller) -> Json<Vec<StandardView>> {
    let state = app.state();
    let view = |(name, published): (&String, &std::sync::Arc<domain::standard::Published>)| {
        let standard = state.materials().standard(&published.digest).ok();
        StandardView {
            name: name.clone(),
            version: published.version,
            digest: published.digest.to_string(),
            standard: standard.and_then(|standard| serde_json::to_value(standard).ok()),
        }
    };
    Json(state.standards.iter().map(view).collect())
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    digest: String,
    version: u64,
    since: u64,
    engine: String,
    policies: Vec<String>,
}

/// The policy in force.
#[utoipa::path(get, path = "/v1/policy", responses((status = 200, body = PolicyView)))]
pub async fn policy(State(app): State<App>, _: Caller) -> Result<Json<PolicyView>, Problem> {
    let state = app.state();
    let in_force =
        state.policy.as_ref().ok_or_else(|| Problem::not_found("no policy is in force"))?;
    let rules = state.materials().policy(&in_force.digest)?;
    Ok(Json(PolicyView {
        digest: in_force.digest.to_string(),
        version: in_force.version,
        since: in_force.at.0,
        engine: domain::policy::rules::ENGINE.to_owned(),
        policies: rules.ids().map(str::to_owned).collect(),
    }))
}

/// What policy would say to a request, without asking.
#[utoipa::path(post, path = "/v1/policy/explain", request_body = Object,
    responses((status = 200, body = DecisionView)))]
pub async fn explain(
    State(app): State<App>,
    Caller(who): Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<DecisionView>, Problem> {
    let decided = app.explain(who, &asked)?;
    Ok(Json(decision(&app.state(), &decided)))
}
