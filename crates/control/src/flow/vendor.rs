//! Vendors come in, each under a name that no other vendor has, as far as this node knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::actor::Proof;
use domain::digest::Digest;
use domain::entry::Body;
use domain::id::{PersonId, VendorId};
use domain::refusal::{Code, Refusal};
use domain::service::VendorAdded;
use parking_lot::Mutex;

use super::Failure;
use crate::control::{Control, Profile};
use crate::journal::{Desk, Journal, JournalError, StoreError};

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
    /// Vendors of this node on their way into the ledger.
    claimed: HashMap<VendorId, String>,
}

/// A name that nobody else gets here while its vendor is on its way into the ledger. Where a commit's
/// answer was lost, and between nodes, one name may still come to two vendors; their ids differ.
struct Claim {
    vendor: VendorId,
    names: Arc<Mutex<Names>>,
}

impl Control {
    pub async fn add_vendor(&self, who: PersonId, profile: Profile) -> Result<VendorId, Failure> {
        let vendor = VendorId(self.id());
        let claim = Arc::new(self.vendors.claim(vendor, &profile.name)?);
        // Behind the claim: a claim that ended just before has its vendor in the state by now.
        self.meet_vendors().await?;
        self.vendors.must_be_new(&profile.name)?;
        let salt = self.random()?;
        let content = serde_json::to_vec(&profile).unwrap_or_default();
        // Held by the command too, which outlives a client that hangs up.
        let held = claim.clone();
        let command = move |desk: &mut Desk| {
            let _held = &held;
            let profile = desk.paper(salt, content.clone())?;
            let body = Body::VendorAdded(VendorAdded { profile, vendor });
            desk.append(Some(who), Proof::Login, body)
        };
        self.journal.commit(command).await?;
        self.vendors.meet(vendor, &profile.name);
        drop(claim);
        Ok(vendor)
    }

    /// Reads the names of vendors that this node has not met yet: all once, later those of others. One
    /// whose paper was changed keeps no other out, and is read again the next time.
    async fn meet_vendors(&self) -> Result<(), Failure> {
        for (id, paper) in self.vendors.unmet(&self.journal) {
            match self.read_profile(paper).await {
                Ok(profile) => self.vendors.meet(id, &profile.unwrap_or_default().name),
                Err(JournalError::Store(error @ StoreError::Corrupt { .. })) => {
                    tracing::warn!(vendor = %id, %error, "a vendor's name cannot be read");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl VendorNames {
    fn claim(&self, vendor: VendorId, name: &str) -> Result<Claim, Refusal> {
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
            let message = format!("a name has 1 to {LONGEST_NAME} characters");
            return Err(Refusal::new(Code::Invalid, message));
        }
        let plain = plain(name);
        let mut names = self.0.lock();
        if names.claimed.values().any(|claimed| *claimed == plain) {
            let message = format!("a vendor `{name}` is being added already");
            return Err(Refusal::new(Code::Exists, message));
        }
        names.claimed.insert(vendor, plain);
        Ok(Claim { vendor, names: self.0.clone() })
    }

    fn must_be_new(&self, name: &str) -> Result<(), Refusal> {
        let Some(id) = self.0.lock().taken.get(&plain(name)).copied() else { return Ok(()) };
        Err(Refusal::new(Code::Exists, format!("there is a vendor `{name}` already: {id}")))
    }

    /// Vendors of the ledger that are neither known here nor on their way from here.
    fn unmet(&self, journal: &Journal) -> Vec<(VendorId, Digest)> {
        let names = self.0.lock();
        // INVARIANT: loaded behind the lock, so that it holds everybody who was met.
        let state = journal.state();
        let strange = state.vendors.len().saturating_sub(names.met.len());
        let newest_first = state.vendors.iter().rev();
        let strange = newest_first.filter(|(id, _)| !names.met.contains(*id)).take(strange);
        strange
            .filter(|(id, _)| !names.claimed.contains_key(*id))
            .map(|(id, vendor)| (*id, vendor.profile))
            .collect()
    }

    fn meet(&self, id: VendorId, name: &str) {
        let mut names = self.0.lock();
        names.met.insert(id);
        names.taken.insert(plain(name), id);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.names.lock().claimed.remove(&self.vendor);
    }
}

/// Names that differ by case or by spaces around them are the same to people.
fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}
