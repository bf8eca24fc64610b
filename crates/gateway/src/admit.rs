//! Admitting: the token that a call shows, and the domain's word on it. Default deny.

mod token;

use std::net::IpAddr;
use std::sync::Arc;

use domain::admission::{self, Call, Denied, Permit};
use domain::catalog::Method;
use domain::state::State;
use domain::token::Presented;
use pingora::proxy::Session;

use crate::flight::Subject;
use crate::gateway::Gateway;
use crate::listener::Target;
use crate::problem::{Form, Refused};
use crate::route::{Route, View};

use token::{Shown, shown};
pub use token::{decoded, holds_token, is_token, pairs};

/// A call that may pass, and where to.
pub struct Admitted {
    pub permit: Permit,
    pub route: Arc<Route>,
}

/// A call that may not pass, with whatever is known of who called what.
pub struct Refusal {
    pub refused: Refused,
    pub subject: Subject,
}

/// Judges a call by the view.
pub fn admit(
    gateway: &Gateway,
    view: &View,
    session: &Session,
    target: Target<'_>,
) -> Result<Admitted, Box<Refusal>> {
    let header = session.req_header();
    let route = view.route(target.service, target.environment);
    let nobody =
        |refused| Box::new(Refusal { refused, subject: subject(&view.state, route, None) });
    let method = method(&header.method).ok_or_else(|| nobody(Refused::Form(Form::Method)))?;
    let places = route.map_or(&[][..], |route| &route.places);
    let (presented, shown) = match shown(header, target.query, places) {
        Shown::Nothing => (None, false),
        Shown::One(presented) => (Some(presented), true),
        Shown::Several => (None, true),
    };
    let deny = |denied: Denied| {
        let subject = subject(&view.state, route, presented);
        Box::new(Refusal { refused: Refused::Denied { denied, shown }, subject })
    };
    gateway.must_be_enrolled(view).map_err(deny)?;
    let call = Call {
        environment: target.environment.to_owned(),
        method,
        path: target.rest.to_owned(),
        peer: peer(session),
        presented,
        service: target.service.to_owned(),
    };
    let clock = gateway.proof.clock();
    let permit = admission::admit(&view.state, call, clock, &gateway.limiter).map_err(deny)?;
    match route {
        Some(route) => Ok(Admitted { permit, route: route.clone() }),
        None => Err(nobody(Refused::NoSuchPath)),
    }
}

/// Where the call comes from; nowhere that any range holds, when the connection does not say.
fn peer(session: &Session) -> IpAddr {
    let address = session.client_addr().and_then(|address| address.as_inet());
    address.map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip().to_canonical())
}

/// TRACE would echo the credential; whatever is not in the list is no operation's method.
fn method(method: &http::Method) -> Option<Method> {
    Some(match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        _ => return None,
    })
}

/// Who called what. Whoever shows an id without its secret is not who the id says.
fn subject(state: &State, route: Option<&Arc<Route>>, presented: Option<Presented>) -> Subject {
    let known = presented.and_then(|shown| {
        let token = state.tokens.get(&shown.token)?;
        token.is(&shown).then_some((shown.token, token.grant))
    });
    Subject {
        environment: route.map(|route| route.environment.clone()).unwrap_or_default(),
        grant: known.map(|(_, grant)| grant),
        operation: None,
        service: route.map(|route| route.service),
        size: state.size(),
        token: known.map(|(token, _)| token),
    }
}

/// The subject of an admitted call.
pub fn admitted(permit: &Permit) -> Subject {
    Subject {
        environment: permit.call().environment.clone(),
        grant: Some(permit.grant()),
        operation: permit.operation().map(|operation| operation.id.clone()),
        service: Some(permit.service()),
        size: permit.size(),
        token: Some(permit.token()),
    }
}
