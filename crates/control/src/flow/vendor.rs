//! Vendors come in, each under a name that no other vendor has, as far as this node knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::actor::Proof;
use domain::digest::Digest;
use domain::entry::Body;
use domain::id::{PersonId, VendorId};
use domain::refusal::{Code, Refusal};
use domain::service::VendorAdded;
use domain::state::State;
use parking_lot::Mutex;

use super::Failure;
use crate::control::{Control, Profile};
use crate::journal::Desk;

/// The longest name of a vendor, in characters.
const LONGEST_NAME: usize = 200;

/// Names of vendors as this node knows them. They stand in papers, which no rule reads, so the node that
/// adds a vendor looks whether its name is new.
#[derive(Default)]
pub(crate) struct VendorNames(Arc<Mutex<Names>>);

#[derive(Default)]
struct Names {
    /// Vendors of the ledger.
    taken: HashMap<String, VendorId>,
    met: HashSet<VendorId>,
    /// Names on their way into the ledger.
    claimed: HashSet<String>,
}

/// A name that nobody else gets here while its vendor is on its way into the ledger. Where a commit's
/// answer was lost, and between nodes, one name may still come to two vendors; their ids differ.
struct Claim {
    name: String,
    names: Arc<Mutex<Names>>,
}

impl Control {
    pub async fn add_vendor(&self, who: PersonId, profile: Profile) -> Result<VendorId, Failure> {
        let claim = self.vendors.claim(&profile.name)?;
        // Behind the claim: a claim that ended just before has its vendor in this state.
        self.meet_vendors().await?;
        self.vendors.must_be_new(&profile.name)?;
        let vendor = VendorId(self.id());
        let salt = self.random()?;
        let content = serde_json::to_vec(&profile).unwrap_or_default();
        let command = move |desk: &mut Desk| {
            // Held by the command itself, which outlives a client that hangs up.
            let _held = &claim;
            let profile = desk.paper(salt, content.clone())?;
            let body = Body::VendorAdded(VendorAdded { profile, vendor });
            desk.append(Some(who), Proof::Login, body)
        };
        self.journal.commit(command).await?;
        Ok(vendor)
    }

    /// Reads the names of vendors that this node has not met yet.
    async fn meet_vendors(&self) -> Result<(), Failure> {
        let state = self.state();
        for (id, paper) in self.vendors.unmet(&state) {
            let profile = self.read_profile(paper).await?.unwrap_or_default();
            self.vendors.meet(id, &profile.name);
        }
        Ok(())
    }
}

impl VendorNames {
    fn claim(&self, name: &str) -> Result<Claim, Refusal> {
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
            let message = format!("a name has 1 to {LONGEST_NAME} characters");
            return Err(Refusal::new(Code::Invalid, message));
        }
        if !self.0.lock().claimed.insert(plain(name)) {
            let message = format!("a vendor `{name}` is being added already");
            return Err(Refusal::new(Code::Exists, message));
        }
        Ok(Claim { name: plain(name), names: self.0.clone() })
    }

    fn must_be_new(&self, name: &str) -> Result<(), Refusal> {
        let Some(id) = self.0.lock().taken.get(&plain(name)).copied() else { return Ok(()) };
        Err(Refusal::new(Code::Exists, format!("there is a vendor `{name}` already: {id}")))
    }

    fn unmet(&self, state: &State) -> Vec<(VendorId, Digest)> {
        let names = self.0.lock();
        let unmet = state.vendors.iter().filter(|(id, _)| !names.met.contains(*id));
        unmet.map(|(id, vendor)| (*id, vendor.profile)).collect()
    }

    fn meet(&self, id: VendorId, name: &str) {
        let mut names = self.0.lock();
        names.met.insert(id);
        names.taken.insert(plain(name), id);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.names.lock().claimed.remove(&self.name);
    }
}

/// Names that differ by case or by spaces around them are the same to people.
fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}
