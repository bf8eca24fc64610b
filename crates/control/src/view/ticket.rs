//! A ticket as people see it: every criterion with its standing, and what happens next.

use domain::evidence::Source;
use domain::gate::{Outcome, Standing};
use domain::id::TicketId;
use domain::refusal::Refusal;
use domain::standard::{Stage, Standard, Verify};
use domain::state::State;
use domain::ticket::{Status, Ticket};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ends, Named, ReviewView};
use crate::control::Control;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketView {
    pub id: String,
    /// The service's name.
    pub name: String,
    pub service: String,
    pub vendor: Named,
    pub requester: Named,
    pub standard: String,
    /// The standard's digest: a material.
    pub standard_digest: String,
    pub round: u64,
    pub status: String,
    /// What the ticket waits for, and who can give it.
    pub next: String,
    pub criteria: Vec<CriterionView>,
    pub reviews: Vec<ReviewView>,
    /// The roles that an approval needs.
    pub reviewers: String,
    /// When the approval ends, once there is one.
    pub ends: Option<Ends>,
    /// How far the service is released, once it is approved.
    pub release: Option<String>,
    /// What reviewers sign, as the ledger has it.
    #[schema(value_type = Object)]
    pub terms: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CriterionView {
    pub checkpoint: String,
    pub id: String,
    pub title: String,
    /// `passed`, `missing`, `failed`, `expired` or `not-applicable`.
    pub outcome: String,
    pub why: String,
    /// How it is verified: `probe …`, `document …` or `attestation …`.
    pub verify: String,
    /// `approval` or `wide`.
    pub stage: String,
    /// When its evidence runs out.
    pub until: Option<u64>,
    /// The evidence's digest.
    pub evidence: Option<String>,
    /// Where the evidence comes from, whether it passes or not.
    #[schema(value_type = Object)]
    pub source: Option<Source>,
}

impl Control {
    pub async fn ticket_view(&self, id: TicketId) -> Result<TicketView, Refusal> {
        let (state, now) = (self.state(), self.now());
        let ticket = state.ticket(id)?;
        let standard = state.standard_of(ticket)?;
        let standings = state.standings(ticket, Stage::Wide, now)?;
        let service = state.services.get(&ticket.service).filter(|s| s.ticket == id);
        let vendor = state.vendor(ticket.vendor)?.profile;
        Ok(TicketView {
            id: id.to_string(),
            name: ticket.name.clone(),
            service: ticket.service.to_string(),
            vendor: Named { id: ticket.vendor.to_string(), name: self.profile(vendor).await.name },
            requester: self.named(ticket.requester).await,
            standard: format!("{} {}", standard.name, standard.version),
            standard_digest: ticket.standard.to_string(),
            round: ticket.round,
            status: ticket.status.name().to_owned(),
            next: next(&state, id, ticket, &standings, now),
            criteria: standings
                .iter()
                .map(|standing| criterion(standard, ticket, standing))
                .collect(),
            reviews: self.reviews(&ticket.reviews).await,
            reviewers: standard.reviews.to_string(),
            ends: service.map(|service| Ends::from(&service.fuse)),
            release: service.map(|service| service.release.name().to_owned()),
            terms: serde_json::to_value(&ticket.terms).unwrap_or_default(),
        })
    }
}

fn criterion(standard: &Standard, ticket: &Ticket, standing: &Standing<'_>) -> CriterionView {
    let holds = |c: &&domain::standard::Checkpoint| {
        c.criteria.iter().any(|criterion| criterion.id == standing.criterion.id)
    };
    let checkpoint = standard.checkpoints.iter().find(holds);
    let (outcome, until, evidence) = match &standing.finding {
        Outcome::NotApplicable => ("not-applicable", None, None),
        Outcome::Missing => ("missing", None, None),
        Outcome::Failed { .. } => ("failed", None, None),
        Outcome::Expired { until } => ("expired", Some(until.0), None),
        Outcome::Passed { evidence } => {
            ("passed", Some(evidence.until.0), Some(evidence.source.digest().to_string()))
        }
    };
    let verify = match &standing.criterion.verify {
        Verify::Probe(check) => format!("probe {check}"),
        Verify::Document(kind) => format!("document {kind}"),
        Verify::Attestation(role) => format!("attestation {role}"),
    };
    let stage = match standing.criterion.stage {
        Stage::Approval => "approval",
        Stage::Wide => "wide",
    };
    CriterionView {
        checkpoint: checkpoint.map(|c| c.title.clone()).unwrap_or_default(),
        id: standing.criterion.id.clone(),
        title: standing.criterion.title.clone(),
        outcome: outcome.to_owned(),
        why: standing.why(),
        verify,
        stage: stage.to_owned(),
        until,
        evidence,
        source: ticket.evidence.get(&standing.criterion.id).map(|found| found.source.clone()),
    }
}

fn next(
    state: &State,
    id: TicketId,
    ticket: &Ticket,
    standings: &[Standing<'_>],
    now: Millis,
) -> String {
    let open =
        standings.iter().filter(|s| s.criterion.stage == Stage::Approval && !s.is_clear()).count();
    match &ticket.status {
        Status::Evaluating if open > 0 => format!(
            "{open} {} in the way: measure with `portcullis ticket probe {id}`, hand in \
             documents with `portcullis ticket attach {id} CRITERION FILE`, or end it with \
             `portcullis ticket withdraw {id}`",
            if open == 1 { "criterion stands" } else { "criteria stand" }
        ),
        Status::Evaluating => {
            format!(
                "every criterion passes: the requester signs with `portcullis ticket submit {id}`"
            )
        }
        Status::InReview { .. } => match state.standard_of(ticket) {
            Ok(standard) => format!(
                "waits for the signatures of {} (at least {} {}): `portcullis ticket sign {id}`",
                standard.reviews,
                standard.signers,
                if standard.signers == 1 { "person" } else { "people" }
            ),
            Err(_) => "waits for signatures".to_owned(),
        },
        Status::Approved { .. } => released(state, ticket, now),
        Status::Rejected { .. } => format!(
            "rejected: change what was wrong and open the next round with \
             `portcullis ticket amend {id} FILE`"
        ),
        Status::Withdrawn { .. } => "withdrawn: nothing follows".to_owned(),
    }
}

fn released(state: &State, ticket: &Ticket, now: Millis) -> String {
    use domain::service::Release;
    let name = &ticket.name;
    let Ok(service) = state.service(ticket.service) else { return String::new() };
    let renewal = if service.due.is_some() { "a probe got worse: open a renewal; " } else { "" };
    match service.release {
        _ if service.fuse.is_burnt(now) => {
            format!("the approval {}: open a new ticket for `{name}`", service.fuse)
        }
        Release::Approved => format!(
            "store the vendor's credential with `portcullis service credential {name} ENVIRONMENT` \
             and release with `portcullis ticket release {name} canary`"
        ),
        Release::Canary => {
            format!("{renewal}canary: widen with `portcullis ticket release {name} wide`")
        }
        Release::Wide => format!("{renewal}released; the approval {}", service.fuse),
        Release::Suspended => format!("suspended: open a new ticket for `{name}`"),
    }
}
