//! Acts of authority: appended once the quorum has signed; until then a proposal that operators can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::actor::Proof;
use domain::authority::{Act, Authority, check_act, check_signature};
use domain::digest::Digest;
use domain::entry::Body;
use domain::id::PersonId;
use domain::material::{Kind, Materials};
use domain::people::Role;
use domain::refusal::{Code, Refusal};
use domain::signature::Signature;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::control::Control;
use crate::journal::{Desk, Draft};

const DRAFT: &str = "act";

/// An act with what it names: the client made the papers' salts, so that it knows what it signs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub act: Act,
    #[serde(default)]
    pub materials: Vec<MaterialText>,
    #[serde(default)]
    pub papers: Vec<PaperText>,
    #[serde(default)]
    pub signatures: Vec<Signature>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialText {
    pub kind: Kind,
    /// Base 64.
    pub bytes: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperText {
    /// Base 64.
    pub content: String,
    /// 32 bytes in base 64.
    pub salt: String,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// It is entry `0` of the ledger now.
    Entry(u64),
    /// It waits under this id for more operators.
    Waiting { id: String, signatures: usize, quorum: u8 },
}

impl Control {
    /// Appends the act when the quorum has signed it; otherwise keeps it for the others to sign.
    pub async fn propose(&self, who: PersonId, proposal: Proposal) -> Result<Proposed, Failure> {
        let state = self.state();
        if !state.active_person(who)?.has(Role::OPERATOR) {
            return Err(
                Refusal::new(Code::RoleNeeded, "operators propose acts of authority").into()
            );
        }
        for signature in &proposal.signatures {
            self.must_be_own(who, &proposal.act, signature)?;
        }
        let quorum = state.settings().quorum;
        let mut materials = Materials::default();
        for material in &proposal.materials {
            materials.put(material.kind, &decode(&material.bytes)?)?;
        }
        check_act(&state, &proposal.act, &materials)?;
        if proposal.signatures.len() >= usize::from(quorum) {
            let command = move |desk: &mut Desk| enact(desk, who, &proposal);
            return Ok(Proposed::Entry(self.journal.commit(command).await?.value));
        }
        let id = format!("act_{}", uuid::Uuid::now_v7().simple());
        let json = serde_json::to_string(&proposal).unwrap_or_default();
        let (kind, created) = (DRAFT.to_owned(), (self.clock)());
        self.journal.keep_draft(Draft { id: id.clone(), kind, json, created }).await?;
        Ok(Proposed::Waiting { id, signatures: proposal.signatures.len(), quorum })
    }

    /// Whoever signs is the operator who sends it, and the signature holds: nobody pushes another's out.
    fn must_be_own(&self, who: PersonId, act: &Act, sig: &Signature) -> Result<(), Refusal> {
        match check_signature(&self.state(), act, sig, self.now())? == who {
            true => Ok(()),
            false => Err(Refusal::new(Code::KeyNotActive, "the signature is somebody else's")),
        }
    }

    /// The proposals that wait for signatures.
    pub async fn proposals(&self) -> Result<Vec<(String, Proposal)>, Failure> {
        let drafts = self.journal.drafts(DRAFT).await?;
        let read = |draft: Draft| Some((draft.id, serde_json::from_str(&draft.json).ok()?));
        Ok(drafts.into_iter().filter_map(read).collect())
    }

    pub async fn proposal(&self, id: &str) -> Result<Proposal, Failure> {
        Ok(self.draft_of(id).await?.1)
    }

    async fn draft_of(&self, id: &str) -> Result<(Draft, Proposal), Failure> {
        let missing = || Refusal::new(Code::NotFound, format!("no proposal `{id}` is waiting"));
        let draft = self.journal.draft(id).await?.filter(|draft| draft.kind == DRAFT);
        let draft = draft.ok_or_else(missing)?;
        let proposal = serde_json::from_str(&draft.json).map_err(|_| missing())?;
        Ok((draft, proposal))
    }

    /// Adds an operator's signature; the last one needed makes the entry.
    pub async fn sign_proposal(
        &self,
        who: PersonId,
        id: &str,
        signature: Signature,
    ) -> Result<Proposed, Failure> {
        let (draft, mut proposal) = self.draft_of(id).await?;
        self.must_be_own(who, &proposal.act, &signature)?;
        // What was signed before something else changed the same does not count any more.
        let (state, now) = (self.state(), self.now());
        let holds = |old: &Signature| check_signature(&state, &proposal.act, old, now).is_ok();
        let mut signatures = std::mem::take(&mut proposal.signatures);
        signatures.retain(|old| old.key != signature.key && holds(old));
        signatures.push(signature);
        proposal.signatures = signatures;
        let quorum = state.settings().quorum;
        let signatures = proposal.signatures.len();
        if signatures < usize::from(quorum) {
            let json = serde_json::to_string(&proposal).unwrap_or_default();
            if !self.journal.change_draft(&draft, json).await? {
                let message = "somebody else signed at the same moment; sign again";
                return Err(Refusal::new(Code::StaleStep, message).into());
            }
            return Ok(Proposed::Waiting { id: id.to_owned(), signatures, quorum });
        }
        let draft = id.to_owned();
        let command = move |desk: &mut Desk| {
            let position = enact(desk, who, &proposal)?;
            desk.remove_draft(draft.as_str());
            Ok(position)
        };
        Ok(Proposed::Entry(self.journal.commit(command).await?.value))
    }
}

fn enact(desk: &mut Desk, who: PersonId, proposal: &Proposal) -> Result<u64, Refusal> {
    for paper in &proposal.papers {
        let salt = decode(&paper.salt)?;
        let salt = <[u8; 32]>::try_from(salt.as_slice())
            .map_err(|_| Refusal::new(Code::Invalid, "a paper's salt has 32 bytes"))?;
        desk.paper(salt, decode(&paper.content)?)?;
    }
    for material in &proposal.materials {
        desk.material(material.kind, &decode(&material.bytes)?)?;
    }
    let Proposal { act, signatures, .. } = proposal.clone();
    let body = Body::Authority(Box::new(Authority { act, signatures }));
    desk.append(Some(who), Proof::Signature, body)
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(text).map_err(|_| Refusal::new(Code::Invalid, "not base 64 (RFC 4648 §4)"))
}

impl PaperText {
    pub fn new(salt: [u8; 32], content: &[u8]) -> (Digest, PaperText) {
        let paper = PaperText { content: BASE64.encode(content), salt: BASE64.encode(salt) };
        (domain::digest::paper(&salt, content), paper)
    }
}
