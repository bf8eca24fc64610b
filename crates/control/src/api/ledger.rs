//! The ledger, to be read and verified: its head, entries, proofs, tiles, papers.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::entry::Entry;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::{Caller, id};
use super::{App, Problem};
use crate::journal::Paper;

#[derive(Debug, Serialize, ToSchema)]
pub struct Head {
    origin: String,
    /// The hash to pin.
    genesis: String,
    edition: u64,
    size: u64,
    root: String,
    /// The newest entry's time.
    at: u64,
    /// One operator alone can still widen anything.
    single_operator: bool,
    /// How many operators sign an authority entry.
    quorum: u8,
    /// In milliseconds.
    staleness: u64,
    /// Where callers reach the gateway.
    gateway: String,
    #[schema(value_type = Object)]
    usage: Vec<Usage>,
}

/// What a gateway has committed of its usage.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    gateway: String,
    segments: u64,
    calls: u64,
}

#[utoipa::path(get, path = "/v1/ledger", responses((status = 200, body = Head)))]
pub async fn ledger(State(app): State<App>) -> Result<Json<Head>, Problem> {
    let state = app.state();
    let (Some(origin), Some(seen)) = (state.origin(), state.seen()) else {
        return Err(Problem::not_found("the ledger has no genesis yet"));
    };
    let usage = state.chains.iter().map(|(gateway, chain)| Usage {
        gateway: gateway.to_string(),
        segments: chain.number,
        calls: chain.calls,
    });
    Ok(Json(Head {
        origin: origin.name.clone(),
        genesis: origin.hash.to_string(),
        edition: origin.edition,
        size: seen.size,
        root: seen.root.to_string(),
        at: state.at().0,
        single_operator: state.is_single_operator(),
        quorum: state.settings().quorum,
        staleness: state.settings().staleness.0,
        gateway: app.gateway.clone(),
        usage: usage.collect(),
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first position; 0 by default.
    from: Option<u64>,
    /// 1 to 1000, 100 by default.
    count: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    position: u64,
    kind: String,
    /// Milliseconds since 1970.
    at: u64,
    /// The entry, whose canonical form (RFC 8785) is what was hashed.
    #[schema(value_type = Object)]
    entry: Entry,
}

#[utoipa::path(get, path = "/v1/ledger/entries", params(Range),
    responses((status = 200, body = Vec<EntryView>)))]
pub async fn entries(
    State(app): State<App>,
    _: Caller,
    Query(range): Query<Range>,
) -> Result<Json<Vec<EntryView>>, Problem> {
    let count = range.count.unwrap_or(100).clamp(1, 1000);
    let found = app.journal.entries(range.from.unwrap_or(0), count).await?;
    let view = |(position, bytes): (u64, Vec<u8>)| {
        let entry = Entry::decode(&bytes)?;
        let (kind, at) = (entry.body.kind().to_owned(), entry.at.0);
        Ok(EntryView { position, kind, at, entry })
    };
    let views: Result<Vec<_>, domain::refusal::Refusal> = found.into_iter().map(view).collect();
    Ok(Json(views?))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProofView {
    position: u64,
    size: u64,
    root: String,
    /// RFC 6962 audit path, from the leaf upwards.
    path: Vec<String>,
}

#[utoipa::path(get, path = "/v1/ledger/entries/{position}/proof",
    params(("position" = u64, Path)), responses((status = 200, body = ProofView)))]
pub async fn proof(
    State(app): State<App>,
    _: Caller,
    Path(position): Path<u64>,
) -> Result<Json<ProofView>, Problem> {
    let state = app.state();
    let seen = state.seen().filter(|seen| position < seen.size);
    let seen = seen.ok_or_else(|| Problem::not_found("the ledger has no such entry"))?;
    let proof = app.journal.inclusion(position, seen.size).await?;
    let path = proof.0.iter().map(ToString::to_string).collect();
    Ok(Json(ProofView { position, size: seen.size, root: seen.root.to_string(), path }))
}

/// The newest attested checkpoint (C2SP tlog-checkpoint).
pub async fn checkpoint(State(app): State<App>) -> Result<String, Problem> {
    let found = app.journal.checkpoint().await?;
    found.ok_or_else(|| Problem::not_found("the ledger has no entries yet"))
}

/// A tile (C2SP tlog-tiles).
pub async fn tile(
    State(app): State<App>,
    _: Caller,
    Path(path): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let tile: ::ledger::Tile = id(&format!("tile/{path}"))?;
    let mut bytes = app.journal.tile(tile.level(), tile.index()).await?;
    if bytes.len() < tile.byte_len() {
        return Err(Problem::not_found("the log has no such tile"));
    }
    bytes.truncate(tile.byte_len());
    Ok(([("content-type", "application/octet-stream")], Bytes::from(bytes)))
}

/// A paper, so that its name can be computed again: SHA-256 over salt and content.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperView {
    /// Base 64.
    content: String,
    /// 32 bytes in base 64.
    salt: String,
}

/// A paper, until it is erased. Papers are for people, not for service accounts.
#[utoipa::path(get, path = "/v1/papers/{digest}", params(("digest" = String, Path)),
    responses((status = 200, body = PaperView), (status = 404, body = Problem)))]
pub async fn paper(
    State(app): State<App>,
    Caller(who): Caller,
    Path(digest): Path<String>,
) -> Result<Json<PaperView>, Problem> {
    must_be_human(&app, who)?;
    match app.journal.paper(id(&digest)?).await? {
        Some(Paper::Kept { content, salt }) => {
            Ok(Json(PaperView { content: BASE64.encode(content), salt: BASE64.encode(salt) }))
        }
        Some(Paper::Erased) => Err(Problem::not_found("the paper was erased")),
        None => Err(Problem::not_found("no such paper")),
    }
}

fn must_be_human(app: &App, who: domain::id::PersonId) -> Result<(), Problem> {
    match app.state().active_person(who)?.kind {
        domain::people::Kind::Human => Ok(()),
        domain::people::Kind::Workload => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "role-needed",
            "Not for service accounts",
            "papers are read by people",
        )),
    }
}

/// A material's bytes by their SHA-256: a standard, a policy, a table of operations, an answer.
#[utoipa::path(get, path = "/v1/materials/{digest}", params(("digest" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream")))]
pub async fn material(
    State(app): State<App>,
    Caller(who): Caller,
    Path(digest): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    must_be_human(&app, who)?;
    let found = app.journal.material(id(&digest)?).await?;
    let (_, bytes) = found.ok_or_else(|| Problem::not_found("no such material"))?;
    Ok(([("content-type", "application/octet-stream")], Bytes::from(bytes)))
}

/// A document's bytes by their SHA-256.
#[utoipa::path(get, path = "/v1/documents/{digest}", params(("digest" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream")))]
pub async fn blob(
    State(app): State<App>,
    _: Caller,
    Path(digest): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let content = app.journal.blob(id(&digest)?).await?;
    let content = content.ok_or_else(|| Problem::not_found("no such document"))?;
    Ok(([("content-type", "application/octet-stream")], Bytes::from(content)))
}
