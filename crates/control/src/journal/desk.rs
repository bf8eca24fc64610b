//! The desk: what one command sees and does. All of it is kept, or nothing.

use domain::actor::{Actor, Proof};
use domain::digest::{self, Digest};
use domain::entry::{Body, Entry};
use domain::id::{CredentialId, NodeId, PersonId};
use domain::material::{Kind, Materials};
use domain::policy::{self, Memo};
use domain::refusal::{Code, Refusal};
use domain::state::State;
use domain::step::{Draft, check};
use domain::time::Millis;
use ledger::{Hash, leaf_hash};

use super::answers::{Answer, AnswerKey, KEPT};

/// The most entries that one batch, and so one command, appends.
pub const MAX_ENTRIES: usize = 1_000;

/// The largest paper, in bytes: a piece of evidence, a report, a contract.
pub const LARGEST_PAPER: usize = 16 * 1024 * 1024;

/// A command's place of work, on top of what the commands before it in the group did.
pub struct Desk {
    draft: Draft,
    materials: Materials,
    node: NodeId,
    now: Millis,
    added: Added,
}

/// What is to be written in one transaction.
#[derive(Debug, Default)]
pub(super) struct Added {
    pub entries: Vec<Appended>,
    pub materials: Vec<(Digest, Kind, Vec<u8>)>,
    pub papers: Vec<(Digest, [u8; 32], Vec<u8>)>,
    pub secrets: Vec<(CredentialId, Vec<u8>)>,
    pub blobs: Vec<(Digest, Vec<u8>)>,
    pub answers: Vec<(AnswerKey, Answer, Millis)>,
    pub removed_drafts: Vec<String>,
}

/// An entry that was checked and absorbed.
#[derive(Debug)]
pub(super) struct Appended {
    pub bytes: Vec<u8>,
    pub leaf: Hash,
    pub needs: Vec<Digest>,
}

impl Added {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.materials.is_empty()
            && self.papers.is_empty()
            && self.secrets.is_empty()
            && self.blobs.is_empty()
            && self.answers.is_empty()
            && self.removed_drafts.is_empty()
    }

    pub(super) fn take(&mut self, more: Added) {
        self.entries.extend(more.entries);
        self.materials.extend(more.materials);
        self.papers.extend(more.papers);
        self.secrets.extend(more.secrets);
        self.blobs.extend(more.blobs);
        self.answers.extend(more.answers);
        self.removed_drafts.extend(more.removed_drafts);
    }
}

impl Desk {
    pub(super) fn new(draft: Draft, node: NodeId, now: Millis) -> Desk {
        let materials = draft.state().materials().clone();
        Desk { draft, materials, node, now, added: Added::default() }
    }

    pub(super) fn clear(self) -> (Draft, Added) {
        (self.draft, self.added)
    }

    /// The state with everything that was appended here so far.
    pub fn state(&self) -> &State {
        self.draft.state()
    }

    /// The moment that this command's entries are dated.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The node that appends.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Dates the entry, judges it by the rulebook and absorbs it; its position is the answer.
    ///
    /// # Errors
    /// Every reason of the rulebook; `decision-differs` when the policy engine gives another decision
    /// than the entry holds; `not-canonical` when its bytes could not be read back; `invalid` beyond
    /// [`MAX_ENTRIES`] entries.
    pub fn append(
        &mut self,
        who: Option<PersonId>,
        proof: Proof,
        body: Body,
    ) -> Result<u64, Refusal> {
        if self.added.entries.len() >= MAX_ENTRIES {
            let message = format!("one command appends at most {MAX_ENTRIES} entries");
            return Err(Refusal::new(Code::Invalid, message));
        }
        let actor = Actor { node: self.node, proof, who };
        let bytes = Entry { actor, at: self.now, body }.encode();
        // INVARIANT: what is appended is what every follower will read from these bytes.
        let entry = Entry::decode(&bytes)?;
        if let Some(ours) = policy::recompute(self.state(), &entry, &mut Memo::default())? {
            let message = format!("this node's engine is {}, the entry names another", ours.engine);
            return Err(Refusal::new(Code::DecisionDiffers, message));
        }
        let step = check(&self.draft, &entry, &self.materials)?;
        let position = step.size();
        self.draft.absorb(step)?;
        let needs = entry.materials().into_iter().map(|(_, digest)| digest).collect();
        self.added.entries.push(Appended { leaf: leaf_hash(&bytes), bytes, needs });
        Ok(position)
    }

    /// Lays a material down for the entries that name it.
    pub fn material(&mut self, kind: Kind, bytes: &[u8]) -> Result<Digest, Refusal> {
        let digest = self.materials.put(kind, bytes)?;
        self.added.materials.push((digest, kind, bytes.to_vec()));
        Ok(digest)
    }

    /// Files a paper under the digest of `salt`, 32 random bytes, and its content.
    ///
    /// # Errors
    /// `invalid` beyond `LARGEST_PAPER`.
    pub fn paper(&mut self, salt: [u8; 32], content: Vec<u8>) -> Result<Digest, Refusal> {
        if content.len() > LARGEST_PAPER {
            let message =
                format!("a paper has at most {LARGEST_PAPER} bytes, not {}", content.len());
            return Err(Refusal::new(Code::Invalid, message));
        }
        let digest = digest::paper(&salt, &content);
        self.added.papers.push((digest, salt, content));
        Ok(digest)
    }

    /// Puts a sealed secret (see [`crate::vault`]) in the place of an earlier one of that credential.
    pub fn secret(&mut self, credential: CredentialId, sealed: Vec<u8>) {
        self.added.secrets.push((credential, sealed));
    }

    /// Keeps a document or report under the digest of its content.
    pub fn blob(&mut self, content: Vec<u8>) -> Digest {
        let digest = Digest::of(&content);
        self.added.blobs.push((digest, content));
        digest
    }

    /// Keeps the answer to a request with an idempotency key, from the same instant as its entries.
    pub fn answer(&mut self, key: AnswerKey, answer: Answer, expires: Millis) {
        self.added.answers.push((key, answer, expires));
    }

    /// Keeps that the request has happened, if it appended anything.
    pub(super) fn answer_by_entries(&mut self, key: &AnswerKey) {
        let (count, end) = (self.added.entries.len() as u64, self.state().size());
        if count > 0 {
            let answer = Answer::of_entries(end.saturating_sub(count)..end);
            self.answer(key.clone(), answer, self.now.after(KEPT));
        }
    }

    /// The draft has become an entry.
    pub fn remove_draft(&mut self, id: impl Into<String>) {
        self.added.removed_drafts.push(id.into());
    }
}
