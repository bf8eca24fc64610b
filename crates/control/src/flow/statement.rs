//! Statements: what a person is about to sign, made by the same code that will verify it.

use domain::authority::Act;
use domain::evidence::{self, EvidenceAttached};
use domain::id::{PersonId, TicketId};
use domain::people::Role;
use domain::refusal::{Code, Refusal};
use domain::request::{self, Asked};
use domain::review::{self, ReviewSigned, Subject, Verdict};
use domain::signature::{Base64, Seen, Signature};
use domain::state::State;
use domain::statement::{Frame, Statement};
use domain::ticket;
use domain::time::{Millis, Span};
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::control::Control;

/// How long a signature waits for its use, unless the client says otherwise.
const WAIT: Span = Span::days(7);

/// What a statement is wanted for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    Act(Box<Act>),
    Ask(Box<Asked>),
    Attest { evidence: Box<EvidenceAttached>, role: Role },
    Review { role: Role, subject: Subject, verdict: Verdict },
    Submit { ticket: TicketId },
}

/// A statement, ready to be shown and signed.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub not_after: Millis,
    pub round: u64,
    pub seen: Seen,
    pub statement: Statement,
}

impl Control {
    /// The statement that `signer` would sign now. A request or a submission that a rule says no to is not
    /// worth a signature.
    pub fn statement(&self, signer: PersonId, wanted: &Wanted) -> Result<Prepared, Failure> {
        let state = self.state();
        let seen = state
            .seen()
            .ok_or_else(|| Refusal::new(Code::Genesis, "the ledger has no entries yet"))?;
        let now = self.now();
        match wanted {
            Wanted::Ask(asked) => request::may_ask(&state, signer, asked, now)?,
            Wanted::Submit { ticket } => ticket::may_submit(&state, *ticket, signer, now)?,
            Wanted::Act(_) | Wanted::Attest { .. } | Wanted::Review { .. } => {}
        }
        let not_after = now.after(WAIT);
        let (statement, round) = make(&state, signer, wanted, seen, not_after)?;
        Ok(Prepared { not_after, round, seen, statement })
    }
}

fn make(
    state: &State,
    signer: PersonId,
    wanted: &Wanted,
    seen: Seen,
    not_after: Millis,
) -> Result<(Statement, u64), Refusal> {
    let frame = |role| Frame { not_after, role, seen, signer };
    let requester = Role::REQUESTER;
    Ok(match wanted {
        Wanted::Act(act) => (Statement::for_act(state, act, signer, seen, not_after), 1),
        Wanted::Ask(asked) => {
            (request::statement_of(state, asked, signer, "request", frame(requester)), 1)
        }
        Wanted::Attest { evidence, role } => {
            (evidence::statement(state, evidence, frame(role.as_str())), 1)
        }
        Wanted::Submit { ticket: id } => {
            let round = state.ticket(*id)?.round;
            (ticket::statement(state, *id, "submit", frame(requester)), round)
        }
        Wanted::Review { role, subject, verdict } => {
            let round = match subject {
                Subject::Ticket(id) => state.ticket(*id)?.round,
                Subject::Request(id) => state.request(*id).map(|_| 1)?,
            };
            let unsigned = Signature {
                key: domain::digest::Digest([0; 32]),
                not_after,
                seen,
                sig: Base64(Vec::new()),
            };
            let signed = ReviewSigned {
                role: role.clone(),
                round,
                signature: unsigned,
                subject: *subject,
                verdict: *verdict,
            };
            (review::statement(state, &signed, frame(role.as_str())), round)
        }
    })
}
