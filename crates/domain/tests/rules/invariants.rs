//! What must hold of every state, asked after every step of every walk.

use std::collections::BTreeSet;

use domain::policy::Outcome;
use domain::review::{Review, Verdict};
use domain::service::{CANARY_GRANTS, Release};
use domain::standard::Stage;
use domain::state::State;
use domain::ticket::{Status, Ticket};

/// Panics where an invariant of architecture §7 does not hold.
pub fn hold(before: &State, state: &State) {
    assert!(state.at() >= before.at() && state.size() >= before.size(), "time and size only grow");
    operators(state);
    tickets(state);
    services(state);
    grants(state);
    tokens(state);
}

fn operators(state: &State) {
    let (operators, quorum) = (state.operators().count(), usize::from(state.settings().quorum));
    assert!(operators >= quorum && quorum >= 1, "enough operators are left");
    assert!(operators < 2 || quorum >= 2, "two operators sign once there are two");
    for key in state.keys.values() {
        assert!(state.people.contains_key(&key.person), "a key is somebody's");
    }
}

fn tickets(state: &State) {
    for ticket in state.tickets.values() {
        let mut signed = BTreeSet::new();
        for review in &ticket.reviews {
            assert_ne!(review.by, ticket.requester, "nobody reviews their own ticket");
            assert!(signed.insert((review.by, &review.role)), "one verdict per person and role");
        }
        if let Status::Approved { .. } = ticket.status {
            approved(state, ticket);
        }
    }
}

fn approved(state: &State, ticket: &Ticket) {
    let standard = state.standard_of(ticket).unwrap();
    let signers = approvals(&ticket.reviews);
    assert!(standard.reviews.is_met(&signers), "an approval holds the required roles");
    let people: BTreeSet<_> = signers.iter().map(|(_, person)| person).collect();
    assert!(people.len() >= usize::from(standard.signers), "four eyes");
    for criterion in standard.criteria() {
        if criterion.stage == Stage::Approval && criterion.applies(&ticket.terms.data) {
            let evidence = &ticket.evidence[&criterion.id];
            let threshold = criterion.threshold.as_ref().unwrap();
            assert!(threshold.holds(&evidence.value), "every criterion passes");
        }
    }
}

fn approvals(reviews: &[Review]) -> BTreeSet<(domain::people::Role, domain::id::PersonId)> {
    let approving = reviews.iter().filter(|review| review.verdict == Verdict::Approve);
    approving.map(|review| (review.role.clone(), review.by)).collect()
}

fn services(state: &State) {
    for (id, service) in state.services.iter() {
        let ticket = state.ticket(service.ticket).unwrap();
        let Status::Approved { at } = ticket.status else {
            panic!("a service rests on an approval")
        };
        let standard = state.standard_of(ticket).unwrap();
        let mut ends = vec![at.after(standard.reassess_after)];
        ends.extend(ticket.terms.contract.as_ref().map(|contract| contract.ends));
        for criterion in standard.criteria() {
            if criterion.stage == Stage::Approval && criterion.applies(&ticket.terms.data) {
                ends.push(ticket.evidence[&criterion.id].until);
            }
        }
        let earliest = ends.into_iter().min().unwrap();
        assert!(service.fuse.until <= earliest, "an approval outlives none of its reasons");
        let live = state.grants.values().filter(|grant| {
            grant.revoked.is_none() && state.request(grant.request).unwrap().asked.service == *id
        });
        let live = live.count() as u64;
        assert_eq!(service.grants, live, "the grants are counted");
        assert!(service.release != Release::Canary || live <= CANARY_GRANTS, "a canary is small");
    }
}

fn grants(state: &State) {
    let mut granted = BTreeSet::new();
    for grant in state.grants.values() {
        assert!(granted.insert(grant.request), "one grant per request");
        let request = state.request(grant.request).unwrap();
        let decision = request.decision.as_ref().unwrap();
        assert!(grant.fuse.until <= request.asked.until, "no grant outlives what was asked");
        match decision.outcome {
            Outcome::Grant => {}
            Outcome::Deny => panic!("a denied request was granted"),
            Outcome::Review => {
                let quorum = decision.reviewers.as_ref().unwrap();
                assert!(quorum.is_met(&approvals(&request.reviews)), "people have signed");
            }
        }
        for review in &request.reviews {
            assert!(review.by != request.requester && review.by != request.asked.owner);
        }
        for person in [request.requester, request.asked.owner] {
            let gone = state.people[&person].offboarded.is_some();
            assert!(
                !gone || grant.revoked.is_some() || grant.fuse.is_burnt(state.at()),
                "who leaves keeps nothing"
            );
        }
        if let Some(token) = grant.token {
            assert!(state.tokens.contains_key(&token));
        }
    }
}

fn tokens(state: &State) {
    for (id, token) in state.tokens.iter() {
        let grant = state.grant(token.grant).unwrap();
        let decision = state.request(grant.request).unwrap().decision.clone().unwrap();
        if grant.token == Some(*id) {
            assert!(token.fuse.until <= grant.fuse.until, "no token outlives its grant");
        } else {
            let overlap = grant.token.map(|newest| state.token(newest).unwrap().issued);
            let end = overlap.unwrap().after(domain::token::LONGEST_OVERLAP);
            assert!(
                token.fuse.until <= end
                    || token.fuse.until <= token.issued.after(decision.bounds.life)
            );
        }
    }
}
