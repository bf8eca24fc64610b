//! The life of one call: authenticate, limit, authorise, handle, finish.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::edge::Overridden;
use crate::limiter::{Counted, Quota};
use crate::operation::{Operation, Words};
use crate::problem::Problem;
use crate::scope::{Access, Principal, Role, Scope};
use crate::site::{Site, now};
use crate::weakness::Weakness;
use crate::{credential, echo, leak};

/// The operation that [`Weakness::OneOperationWithoutAuthentication`] leaves open.
const LEFT_OPEN: &str = "listInvoices";

/// The address at the other end of the connection; the listener puts it on every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// Wraps the handler of every operation.
pub(crate) async fn guard(
    State((site, operation)): State<(Arc<Site>, &'static Operation)>,
    mut request: Request,
    next: Next,
) -> Response {
    let presented = credential::presented(request.headers()).map(str::to_owned);
    let asker = authenticate(&site, presented.as_deref()).await;
    let quota = limit(&site, asker.as_ref().ok(), request.extensions().get());
    let verdict = match quota {
        Some(quota) if quota.exceeded => Err(Problem::RateLimited),
        _ => {
            let overridden = request.extensions().get::<Overridden>().is_some();
            authorise(&site, operation, overridden, asker.map(|(principal, _)| principal))
        }
    };
    let mut response = match verdict {
        Ok(principal) => {
            principal.map(|principal| request.extensions_mut().insert(principal));
            next.run(request).await
        }
        Err(problem @ (Problem::RateLimited | Problem::Internal)) => problem.into_response(),
        Err(problem) if operation.words == Words::InBody => problem.in_body().into_response(),
        Err(problem) => problem.into_response(),
    };
    if site.has(Weakness::ErrorsLeak) {
        response = leak::expose(operation, response);
    }
    if site.has(Weakness::CredentialEchoed) {
        response = echo::repeat(presented.as_deref(), response).await;
    }
    if let Some(quota) = quota {
        announce(quota, site.limiter.window(), response.headers_mut());
    }
    response
}

async fn authenticate(
    site: &Site,
    presented: Option<&str>,
) -> Result<(Principal, Counted), Problem> {
    let presented = presented.ok_or(Problem::NoCredential)?;
    if site.credentials.is_api_key(presented) {
        return Ok((principal(site, "alice", Scope::of_customers())?, Counted::ApiKey));
    }
    let claims = site
        .tokens
        .judge(presented, &site.switches, now())
        .await
        .map_err(|_| Problem::InvalidCredential)?;
    if site.grants().is_revoked(&claims.jti) && !site.has(Weakness::TokenLivesAfterRevocation) {
        return Err(Problem::InvalidCredential);
    }
    let scopes = claims.scope.split(' ').filter_map(Scope::from_code).collect();
    Ok((principal(site, &claims.sub, scopes)?, Counted::Customer(claims.sub)))
}

/// The role comes from the store, never from the token; a deleted customer is nobody.
fn principal(site: &Site, customer: &str, scopes: Vec<Scope>) -> Result<Principal, Problem> {
    let role = site.store().customers.get(customer).map(|customer| customer.role);
    let role = role.ok_or(Problem::InvalidCredential)?;
    Ok(Principal { customer: customer.to_owned(), role, scopes })
}

fn limit(site: &Site, asker: Option<&(Principal, Counted)>, peer: Option<&Peer>) -> Option<Quota> {
    if site.has(Weakness::NoRateLimit) {
        return None;
    }
    let caller = asker.map_or_else(
        || Counted::Address(peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0)),
        |(_, counted)| counted.clone(),
    );
    Some(site.limiter.take(caller, Instant::now()))
}

fn authorise(
    site: &Site,
    operation: &Operation,
    overridden: bool,
    asker: Result<Principal, Problem>,
) -> Result<Option<Principal>, Problem> {
    let (Access::Customers(scope) | Access::Administrators(scope)) = operation.access else {
        return Ok(asker.ok());
    };
    let open = operation.id == LEFT_OPEN && site.has(Weakness::OneOperationWithoutAuthentication);
    let asker = match asker {
        Err(_) if open => principal(site, "alice", vec![scope])?,
        other => other?,
    };
    if overridden || site.has(Weakness::FunctionAuthorisationMissing) {
        return Ok(Some(asker));
    }
    if !asker.scopes.contains(&scope) {
        return Err(Problem::InsufficientScope(scope));
    }
    if matches!(operation.access, Access::Administrators(_)) && asker.role != Role::Administrator {
        return Err(Problem::AdministratorsOnly);
    }
    Ok(Some(asker))
}

/// The fields of draft-ietf-httpapi-ratelimit-headers, and `Retry-After` (RFC 9110 §10.2.3).
fn announce(quota: Quota, window: Duration, headers: &mut HeaderMap) {
    let reset = quota.reset.as_millis().div_ceil(1000);
    let window = window.as_millis().div_ceil(1000);
    let policy = format!("\"default\";q={};w={window}", quota.limit);
    let state = format!("\"default\";r={};t={reset}", quota.remaining);
    put(headers, HeaderName::from_static("ratelimit-policy"), policy);
    put(headers, HeaderName::from_static("ratelimit"), state);
    if quota.exceeded {
        put(headers, header::RETRY_AFTER, reset.max(1).to_string());
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
