//! Vendors and services.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::ServiceId;
use domain::service::{Release, Service};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::{Body, Caller};
use super::{App, Problem};
use crate::control::Profile;
use crate::view::{Ends, Named};

#[utoipa::path(get, path = "/v1/vendors", responses((status = 200, body = Vec<Named>)))]
pub async fn vendors(State(app): State<App>, _: Caller) -> Json<Vec<Named>> {
    let state = app.state();
    let mut views = Vec::new();
    for (id, vendor) in &state.vendors {
        views.push(Named { id: id.to_string(), name: app.profile(vendor.profile).await.name });
    }
    Json(views)
}

#[utoipa::path(post, path = "/v1/vendors", request_body = Profile,
    responses((status = 201, body = Named)))]
pub async fn add_vendor(
    State(app): State<App>,
    Caller(who): Caller,
    Body(profile): Body<Profile>,
) -> Result<(StatusCode, Json<Named>), Problem> {
    let name = profile.name.clone();
    let id = app.add_vendor(who, profile).await?.to_string();
    Ok((StatusCode::CREATED, Json(Named { id, name })))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceView {
    id: String,
    name: String,
    vendor: Named,
    ticket: String,
    release: String,
    ends: Ends,
    /// Since when a renewal is owed.
    due: Option<u64>,
    environments: Vec<EnvironmentView>,
    scopes: Vec<ScopeView>,
    operations: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnvironmentView {
    name: String,
    upstream: String,
    sandbox: bool,
    /// Whether the vendor's credential is in the vault.
    credential: bool,
    /// Where to call.
    base_url: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScopeView {
    name: String,
    title: String,
    sensitive: bool,
    administration: bool,
    operations: usize,
}

fn find(app: &App, name: &str) -> Result<ServiceId, Problem> {
    let state = app.state();
    // An id before a name: no name may stand for another service's id.
    let found = name.parse().ok().or_else(|| state.names.get(name).copied());
    found.filter(|id| state.services.contains_key(id)).ok_or_else(|| {
        let next = "see `portcullis service list`";
        Problem::not_found(&format!("no approved service `{name}`; {next}"))
    })
}

async fn view(app: &App, id: ServiceId, service: &Service) -> Result<ServiceView, Problem> {
    let state = app.state();
    let table = state.materials().operations(&service.operations)?;
    let operations = table.operations.operations();
    let scopes = table.operations.scopes().iter().map(|scope| ScopeView {
        name: scope.name.clone(),
        title: scope.title.clone(),
        sensitive: scope.sensitive,
        administration: scope.administration,
        operations: operations.iter().filter(|o| o.scope == scope.name).count(),
    });
    let environments = service.environments.iter().map(|(name, place)| EnvironmentView {
        name: name.clone(),
        upstream: place.upstream.clone(),
        sandbox: place.sandbox,
        credential: service.credentials.contains_key(name),
        base_url: format!("{}/{}/{name}", app.gateway, service.name),
    });
    let vendor = state.vendor(service.vendor)?.profile;
    Ok(ServiceView {
        id: id.to_string(),
        name: service.name.clone(),
        vendor: Named { id: service.vendor.to_string(), name: app.profile(vendor).await.name },
        ticket: service.ticket.to_string(),
        release: service.release.name().to_owned(),
        ends: Ends::from(&service.fuse),
        due: service.due.map(|due| due.0),
        environments: environments.collect(),
        scopes: scopes.collect(),
        operations: operations.len(),
    })
}

#[utoipa::path(get, path = "/v1/services", responses((status = 200, body = Vec<ServiceView>)))]
pub async fn services(
    State(app): State<App>,
    _: Caller,
) -> Result<Json<Vec<ServiceView>>, Problem> {
    let state = app.state();
    let mut views = Vec::new();
    for (id, service) in &state.services {
        views.push(view(&app, *id, service).await?);
    }
    Ok(Json(views))
}

#[utoipa::path(get, path = "/v1/services/{name}", params(("name" = String, Path)),
    responses((status = 200, body = ServiceView), (status = 404, body = Problem)))]
pub async fn service(
    State(app): State<App>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<ServiceView>, Problem> {
    let id = find(&app, &name)?;
    let state = app.state();
    view(&app, id, state.service(id)?).await.map(Json)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseWish {
    /// `canary` or `wide`.
    #[schema(value_type = String)]
    stage: Release,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// The entry's position in the ledger.
    pub entry: u64,
}

#[utoipa::path(post, path = "/v1/services/{name}/release", params(("name" = String, Path)),
    request_body = ReleaseWish, responses((status = 200, body = Done)))]
pub async fn release(
    State(app): State<App>,
    Caller(who): Caller,
    Path(name): Path<String>,
    Body(wish): Body<ReleaseWish>,
) -> Result<Json<Done>, Problem> {
    let entry = app.release(who, find(&app, &name)?, wish.stage).await?;
    Ok(Json(Done { entry }))
}

#[utoipa::path(post, path = "/v1/services/{name}/suspend", params(("name" = String, Path)),
    responses((status = 200, body = Done)))]
pub async fn suspend(
    State(app): State<App>,
    Caller(who): Caller,
    Path(name): Path<String>,
) -> Result<Json<Done>, Problem> {
    let entry = app.suspend(who, find(&app, &name)?).await?;
    Ok(Json(Done { entry }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialWish {
    /// What the gateway injects; sealed at once and never shown again.
    credential: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialView {
    credential: String,
}

#[utoipa::path(put, path = "/v1/services/{name}/credentials/{environment}",
    params(("name" = String, Path), ("environment" = String, Path)),
    request_body = CredentialWish, responses((status = 200, body = CredentialView)))]
pub async fn credential(
    State(app): State<App>,
    Caller(who): Caller,
    Path((name, environment)): Path<(String, String)>,
    Body(wish): Body<CredentialWish>,
) -> Result<Json<CredentialView>, Problem> {
    let service = find(&app, &name)?;
    let secret = Zeroizing::new(wish.credential.into_bytes());
    let stored = app.store_credential(who, service, environment, secret).await?;
    Ok(Json(CredentialView { credential: stored.to_string() }))
}
