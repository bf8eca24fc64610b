//! What all threads of a gateway share, and the one place where a new state comes into force.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::admission::{Clock, Denied, Permit};
use domain::id::GatewayId;
use domain::state::State;
use tokio::sync::watch;

use crate::clock::Proof;
use crate::config::{Bounds, Timeouts};
use crate::flight::{Flight, Flights};
use crate::health::Health;
use crate::lease::Leases;
use crate::limiter::Limiter;
use crate::listener::Callers;
use crate::record::Recorder;
use crate::route::View;

/// Shared by the threads that serve calls and the tasks that follow the ledger.
pub struct Gateway {
    pub id: GatewayId,
    pub view: ArcSwap<View>,
    pub proof: Proof,
    pub limiter: Limiter,
    pub leases: Leases,
    pub recorder: Arc<Recorder>,
    pub flights: Arc<Flights>,
    pub health: Health,
    pub timeouts: Timeouts,
    pub bounds: Bounds,
    pub callers: Arc<Callers>,
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// The size of the view in force.
    pub published: watch::Sender<u64>,
}

impl Gateway {
    /// Brings a followed state into force: first for new calls, then for those in flight. Returns
    /// the calls that were cut and are not gone yet.
    pub fn publish(&self, state: State) -> Vec<Arc<Flight>> {
        let size = state.size();
        let view = View::after(&self.view.load(), state);
        self.view.store(Arc::new(view));
        let cut = self.judge();
        self.published.send_replace(size);
        cut
    }

    /// Judges the calls in flight again, by the state in force and the time that it is.
    pub fn judge(&self) -> Vec<Arc<Flight>> {
        let view = self.view.load();
        self.flights.judge(|permit| self.recheck(&view, permit, self.proof.clock()))
    }

    /// Whether a call still holds, by this view. A gateway that is not enrolled any more forwards
    /// nothing.
    pub fn recheck(&self, view: &View, permit: &Permit, clock: Clock) -> Result<(), Denied> {
        self.must_be_enrolled(view)?;
        permit.recheck(&view.state, clock)
    }

    /// A retired gateway gets no receipts counted and no leases: what it follows is as good as stale.
    pub fn must_be_enrolled(&self, view: &View) -> Result<(), Denied> {
        view.state.active_gateway(self.id).map(|_| ()).map_err(|_| Denied::Stale)
    }
}
