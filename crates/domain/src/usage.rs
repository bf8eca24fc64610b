//! Usage: what a gateway recorded, committed as a chain of signed segments.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::canonical;
use crate::id::{GatewayId, GrantId, ServiceId, TokenId};
use crate::refusal::{Code, Reasons, Refusal};
use crate::signature::Base64;
use crate::state::{State, Tables};
use crate::time::Millis;

const SEGMENT_CONTEXT: &[u8] = b"portcullis-segment-v1\n";

/// One call, as the gateway wrote it down when it ended. No addresses and no bodies of anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub at: Millis,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Why it was not let through, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
    pub environment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Milliseconds from the first byte of the call to the last of its answer.
    pub millis: u64,
    /// The gateway's own running number, from 1, without holes but for stated gaps.
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// The size of the ledger that the call was judged under.
    pub size: u64,
    /// The HTTP status that the caller got; 0 when it went away first.
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
}

/// Calls `first..=last` of a gateway, under the root of a Merkle tree (RFC 6962) over their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// How many calls it holds; fewer than the numbers in it only by the stated gaps.
    #[serde(deserialize_with = "crate::number::whole")]
    pub count: u64,
    #[serde(deserialize_with = "crate::number::whole")]
    pub first: u64,
    pub from: Millis,
    /// Numbers that were reserved and never written, after a loss of power or a kill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    pub gateway: GatewayId,
    #[serde(deserialize_with = "crate::number::whole")]
    pub last: u64,
    /// The segment's own number, from 1.
    #[serde(deserialize_with = "crate::number::whole")]
    pub number: u64,
    /// The root of the segment before; zeros for the first.
    pub previous: Digest,
    pub root: Digest,
    pub to: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    #[serde(deserialize_with = "crate::number::whole")]
    pub first: u64,
    #[serde(deserialize_with = "crate::number::whole")]
    pub last: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentCommitted {
    pub segment: Segment,
    /// The gateway's Ed25519 signature over [`segment_message`].
    pub signature: Base64,
}

/// Where a gateway's chain of segments stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// How many calls were committed in all.
    pub calls: u64,
    pub last: u64,
    pub number: u64,
    pub root: Digest,
    pub to: Millis,
}

/// What a gateway signs: the context, the genesis hash and the segment in canonical form.
pub fn segment_message(genesis: &Digest, segment: &Segment) -> Vec<u8> {
    [SEGMENT_CONTEXT, &genesis.0, canonical(segment).as_slice()].concat()
}

pub(crate) fn check(state: &State, committed: &SegmentCommitted) -> Result<(), Refusal> {
    let segment = &committed.segment;
    let gateway = state.active_gateway(segment.gateway)?;
    let mut reasons = Reasons::default();
    let chain = state.chains.get(&segment.gateway);
    let (number, last, root) =
        chain.map_or((0, 0, Digest([0; 32])), |chain| (chain.number, chain.last, chain.root));
    let follows =
        segment.number == number + 1 && segment.first == last + 1 && segment.previous == root;
    reasons.require(follows, Code::ChainBroken, || {
        format!(
            "segment {} from call {} does not follow segment {number} up to call {last}",
            segment.number, segment.first
        )
    });
    reasons.take(check_count(segment));
    if let Some(genesis) = state.genesis_hash() {
        let message = segment_message(&genesis, segment);
        reasons.take(gateway.machine.key.verify(&message, &committed.signature.0));
    }
    reasons.done()
}

/// INVARIANT: every number in the segment is a call or in a stated gap.
fn check_count(segment: &Segment) -> Result<(), Refusal> {
    let broken = |why: &str| Err(Refusal::new(Code::ChainBroken, why));
    let mut next = segment.first;
    let mut missing = 0_u64;
    for gap in &segment.gaps {
        if gap.first < next || gap.last < gap.first || gap.last > segment.last {
            return broken("the stated gaps overlap or leave the segment");
        }
        missing = missing.saturating_add(gap.last - gap.first + 1);
        next = gap.last.saturating_add(1);
    }
    let numbers = segment.last.checked_sub(segment.first).map(|span| span + 1);
    match numbers == segment.count.checked_add(missing) && segment.from <= segment.to {
        true => Ok(()),
        false => broken("the calls and the stated gaps are not as many as the numbers"),
    }
}

impl Tables {
    pub(crate) fn absorb_segment(&mut self, committed: &SegmentCommitted) {
        let segment = &committed.segment;
        let before = self.chains.get(&segment.gateway).map_or(0, |chain| chain.calls);
        let chain = Chain {
            calls: before + segment.count,
            last: segment.last,
            number: segment.number,
            root: segment.root,
            to: segment.to,
        };
        self.chains.insert(segment.gateway, chain.into());
    }
}
