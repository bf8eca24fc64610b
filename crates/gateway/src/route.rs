//! Routes: what forwarding needs of every environment, prepared once per approval; and the view that
//! a call is judged by.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use domain::address::{Host, Reach, Scheme, Upstream};
use domain::catalog::Placement;
use domain::id::{CredentialId, ServiceId, TicketId};
use domain::service::Service;
use domain::state::State;
use domain::ticket::Environment;
use http::HeaderValue;
use pingora::protocols::tls::CaType;
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::lease::Slot;

/// One absorbed state and the routes that follow from it. Replaced as a whole, never changed.
#[derive(Default)]
pub struct View {
    pub state: State,
    services: HashMap<String, Arc<Routes>>,
}

/// The environments of one service as one ticket declared them.
struct Routes {
    ticket: TicketId,
    environments: Vec<Arc<Route>>,
}

/// Where calls of one environment go, and how the credential gets in.
pub struct Route {
    pub service: ServiceId,
    pub environment: String,
    pub upstream: Upstream,
    /// The `Host` of forwarded calls.
    pub authority: HeaderValue,
    /// The name that the certificate must have; empty without TLS.
    pub certified: String,
    pub reach: Reach,
    pub trust: Trust,
    /// Keeps connections of this environment apart from all others in the pool.
    pub pool: u64,
    pub placement: Placement,
    /// All places where the vendor looks for a credential: nothing of the caller's stays there.
    pub places: Vec<Placement>,
    pub lease: Arc<Slot>,
    pub resolved: ArcSwapOption<Resolved>,
}

/// Addresses of a host that were checked, and when.
pub struct Resolved {
    pub addresses: Vec<std::net::SocketAddr>,
    pub at: Instant,
}

/// Whose certificates are trusted.
#[derive(Clone)]
pub enum Trust {
    Public,
    Only(Arc<CaType>),
    /// The declared certificates cannot be read, so nobody is trusted.
    Nobody,
}

impl View {
    /// The view after `before`; routes of unchanged tickets are taken over with their leases.
    pub fn after(before: &View, state: State) -> View {
        let mut services = HashMap::with_capacity(state.services.len());
        for (id, service) in &state.services {
            let old = before.services.get(&service.name);
            let routes = match old.filter(|old| old.ticket == service.ticket) {
                Some(old) => old.clone(),
                None => Routes::of(&state, *id, service, old.map(AsRef::as_ref)).into(),
            };
            services.insert(service.name.clone(), routes);
        }
        View { state, services }
    }

    pub fn route(&self, service: &str, environment: &str) -> Option<&Arc<Route>> {
        let routes = self.services.get(service)?;
        routes.environments.iter().find(|route| route.environment == environment)
    }

    /// The credential in force for a route.
    pub fn credential(&self, route: &Route) -> Option<CredentialId> {
        let service = self.state.services.get(&route.service)?;
        service.credentials.get(&route.environment).copied()
    }
}

impl Routes {
    fn of(state: &State, id: ServiceId, service: &Service, old: Option<&Routes>) -> Routes {
        let placement = state.tickets.get(&service.ticket).map(|t| t.terms.credential.clone());
        let table = state.materials().operations(&service.operations);
        let mut places = table.map(|t| t.operations.credential().to_vec()).unwrap_or_default();
        places.extend(placement.clone());
        let environments = service.environments.iter().filter_map(|(name, environment)| {
            let placement = placement.clone()?;
            // A lease is prepared for its place; where that moved, another one is fetched.
            let same = |r: &&Arc<Route>| r.environment == *name && r.placement == placement;
            let slot = old.and_then(|old| old.environments.iter().find(same));
            let lease = slot.map_or_else(Arc::default, |route| route.lease.clone());
            let route = Route::of(id, name, environment, placement, lease)?;
            Some(Arc::new(Route { places: places.clone(), ..route }))
        });
        Routes { ticket: service.ticket, environments: environments.collect() }
    }
}

impl Route {
    fn of(
        service: ServiceId,
        name: &str,
        environment: &Environment,
        placement: Placement,
        lease: Arc<Slot>,
    ) -> Option<Route> {
        let upstream = environment.upstream().ok()?;
        let mut pool = DefaultHasher::new();
        (service, name, &environment.authorities).hash(&mut pool);
        let certified = match (upstream.scheme(), upstream.host()) {
            (Scheme::Http, _) => String::new(),
            (Scheme::Https, Host::Name(name)) => name.clone(),
            (Scheme::Https, Host::Address(address)) => address.to_string(),
        };
        Some(Route {
            service,
            environment: name.to_owned(),
            authority: HeaderValue::from_str(&upstream.authority()).ok()?,
            certified,
            reach: environment.reach().ok()?,
            trust: environment.authorities.as_deref().map_or(Trust::Public, Trust::only),
            pool: pool.finish(),
            placement,
            places: Vec::new(),
            lease,
            resolved: ArcSwapOption::empty(),
            upstream,
        })
    }
}

impl Trust {
    fn only(pem: &str) -> Trust {
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let Ok(certificates) = certificates else { return Trust::Nobody };
        // The engine's parser panics on what it cannot read, and these bytes are a stranger's.
        let wrap = |der: &CertificateDer<'_>| {
            let der = der.to_vec();
            catch_unwind(AssertUnwindSafe(|| WrappedX509::new(der, parse_x509))).ok()
        };
        match certificates.iter().map(wrap).collect::<Option<Vec<_>>>() {
            Some(wrapped) if !wrapped.is_empty() => Trust::Only(wrapped.into()),
            _ => Trust::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_cannot_be_read_are_trusted_by_nobody() {
        let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no certificate", odd] {
            assert!(matches!(Trust::only(pem), Trust::Nobody), "{pem:?}");
        }
        let made = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
        assert!(matches!(Trust::only(&made.cert.pem()), Trust::Only(_)));
        let both = format!("{}{odd}", made.cert.pem());
        assert!(matches!(Trust::only(&both), Trust::Nobody), "one bad one spoils them all");
    }
}
