//! Random walks over tickets, requests, grants and people: no step breaks an invariant, and the whole
//! replays from its bytes (each world does so when it is dropped).

use std::collections::BTreeSet;

use domain::authority::Act;
use domain::entry::Body;
use domain::evidence::Value;
use domain::genesis::SettingsSet;
use domain::id::{PersonId, RequestId, ServiceId, TicketId, TokenId};
use domain::people::{KeyRetired, ResponsibleSet, Role, RolesSet};
use domain::refusal::Refusal;
use domain::request::Asked;
use domain::review::{Subject, Verdict};
use domain::revocation::Target;
use domain::service::{Release, ServiceSuspended};
use domain::testing::{Cast, Member, POLICY, World};
use domain::ticket::{Status, TicketAmended, TicketWithdrawn};
use domain::time::Span;
use proptest::prelude::*;

use crate::{admission, invariants};

/// One step: which verb, and three numbers that it makes of what it wants.
pub type Step = (u8, u8, u8, u8);

pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any::<Step>(), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_step_breaks_an_invariant(steps in steps(50)) {
        let mut world = World::new();
        let mut walk = Walk::default();
        for step in steps {
            let before = world.state().clone();
            walk.step(&mut world, step);
            invariants::hold(&before, world.state());
            admission::agrees(&world, step);
        }
    }
}

/// How many verbs did something; a walk in which nothing ever happens proves nothing.
#[test]
fn walks_get_somewhere() {
    let mut world = World::new();
    let mut walk = Walk::default();
    for number in 0..800_u32 {
        let [a, b, c, d] = (number.wrapping_mul(2_654_435_761)).to_be_bytes();
        let before = world.state().clone();
        walk.step(&mut world, (a, b, c, d));
        invariants::hold(&before, world.state());
        admission::agrees(&world, (a, b, c, d));
    }
    assert!(walk.done > 80, "{} of {}", walk.done, walk.done + walk.refused);
    assert!(walk.refused > 20);
    assert!(world.state().tokens.len() > 3 && world.state().services.len() > 1);
}

#[derive(Default)]
pub struct Walk {
    pub done: usize,
    pub refused: usize,
    operator: bool,
}

impl Walk {
    pub fn step(&mut self, world: &mut World, (verb, a, b, c): Step) {
        let answer = match verb % 8 {
            0 => self.ticket(world, a, b, c),
            1 => self.towards_approval(world, a, b),
            2 => self.service(world, a, b),
            3 | 4 => self.request(world, a, b, c),
            5 => self.token(world, a, b, c),
            6 => self.people(world, a, b, c),
            _ => {
                world.wait(
                    [Span::MINUTE, Span::HOUR, Span::DAY, Span::days(12)][usize::from(a % 4)],
                );
                return;
            }
        };
        match answer {
            Some(Ok(_)) => self.done += 1,
            Some(Err(_)) => self.refused += 1,
            None => {}
        }
    }

    fn ticket(&mut self, world: &mut World, a: u8, b: u8, c: u8) -> Option<Result<u64, Refusal>> {
        let Cast { bob, max, sue, pia, .. } = world.cast();
        let by = pick(&[bob, max], b)?.clone();
        let id = pick(&tickets(world), b).copied();
        Some(match a % 8 {
            0 | 1 => {
                let name = format!("service-{}", b % 3);
                let mut opened = world.opened(&name, world.terms());
                if let Some(id) = world.state().names.get(&name) {
                    opened.service = *id;
                    opened.vendor =
                        world.state().services.get(id).map_or(opened.vendor, |s| s.vendor);
                }
                world.by(&by, Body::TicketOpened(opened.into()))
            }
            2 => {
                let mut terms = world.terms();
                if c.is_multiple_of(2) {
                    terms.data.clear();
                }
                world.by(&by, Body::TicketAmended(TicketAmended { terms, ticket: id? }))
            }
            3 if c.is_multiple_of(4) => {
                world.by(&by, Body::TicketWithdrawn(TicketWithdrawn { ticket: id? }))
            }
            4 => {
                let attached = world.attached(id?, "report", Value::Word("soc-2".to_owned()));
                world.by(&by, Body::EvidenceAttached(attached))
            }
            5 => {
                let attached = world.attached(id?, "deletion", Value::Number(i64::from(c % 40)));
                let attached = world.attested(&pia, "privacy", attached);
                world.by(&by, Body::EvidenceAttached(attached))
            }
            6 => {
                let reviewer = pick(&[sue, pia, by], c)?.clone();
                let role = *pick(&["security", "privacy"], c / 3)?;
                let verdict = if c.is_multiple_of(7) { Verdict::Reject } else { Verdict::Approve };
                world.review(&reviewer, role, Subject::Ticket(id?), verdict)
            }
            _ => {
                let ordered = world.ordered(id?, &["authentication", "transport"]);
                let order = ordered.order;
                if let Err(refusal) = world.by(&by, Body::ProbeOrdered(ordered)) {
                    return Some(Err(refusal));
                }
                let answer = world.answer(order, i64::from(c % 4) + 11, !c.is_multiple_of(5));
                let runner = world.runner.1;
                let answered = world.answered(&answer, &runner);
                world.job(Body::ProbeAnswered(answered))
            }
        })
    }

    /// Whatever brings the ticket one step on its way.
    fn towards_approval(
        &mut self,
        world: &mut World,
        a: u8,
        b: u8,
    ) -> Option<Result<u64, Refusal>> {
        let ticket = *pick(&tickets(world), b)?;
        let found = world.state().ticket(ticket).unwrap().clone();
        let requester = member(world, found.requester)?;
        match found.status {
            Status::Evaluating
                if a.is_multiple_of(2) && world.state().active_person(requester.id).is_ok() =>
            {
                let by = requester.clone();
                let order = world.ordered(ticket, &["authentication", "transport"]);
                let id = order.order;
                if world.by(&by, Body::ProbeOrdered(order)).is_ok() {
                    let answer = world.answer(id, 13, true);
                    let runner = world.runner.1;
                    let answered = world.answered(&answer, &runner);
                    world.job(Body::ProbeAnswered(answered)).ok()?;
                }
                let report = world.attached(ticket, "report", Value::Word("soc-2".to_owned()));
                world.by(&by, Body::EvidenceAttached(report)).ok()?;
                let pia = world.cast().pia;
                let deletion = world.attached(ticket, "deletion", Value::Number(3));
                let deletion = world.attested(&pia, "privacy", deletion);
                _ = world.by(&by, Body::EvidenceAttached(deletion));
                let submitted = world.submitted(&by, ticket);
                Some(world.by(&by, Body::TicketSubmitted(submitted)))
            }
            Status::Evaluating => {
                let submitted = world.submitted(&requester, ticket);
                Some(world.by(&requester, Body::TicketSubmitted(submitted)))
            }
            _ => {
                let Cast { sue, pia, .. } = world.cast();
                for (by, role) in [(sue, "security"), (pia, "privacy")] {
                    _ = world.review(&by, role, Subject::Ticket(ticket), Verdict::Approve);
                }
                Some(world.approve(ticket))
            }
        }
    }

    fn service(&mut self, world: &mut World, a: u8, b: u8) -> Option<Result<u64, Refusal>> {
        let services: Vec<ServiceId> = world.state().services.keys().copied().collect();
        let service = *pick(&services, b)?;
        Some(match a % 5 {
            0 if b.is_multiple_of(3) => {
                let sue = world.cast().sue;
                world.by(&sue, Body::ServiceSuspended(ServiceSuspended { service }))
            }
            1 => world.release(service, Release::Wide),
            _ => world.release(service, Release::Canary),
        })
    }

    fn request(&mut self, world: &mut World, a: u8, b: u8, c: u8) -> Option<Result<u64, Refusal>> {
        let Cast { bob, max, sue, bot, .. } = world.cast();
        let by = pick(&[bob, max, sue.clone()], b)?.clone();
        let requests: Vec<RequestId> = world.state().requests.keys().copied().collect();
        let waiting = requests.iter().rev().copied().collect::<Vec<_>>();
        Some(match a % 6 {
            0 | 1 => {
                let services: Vec<ServiceId> = world.state().services.keys().copied().collect();
                let scopes: [&[&str]; 4] = [
                    &["parcels:read"],
                    &["labels:read", "parcels:read"],
                    &["parcels:write"],
                    &["keys:admin"],
                ];
                let days = [1, 20, 80, 120][usize::from(c % 4)];
                let asked = world.asked(&by, *pick(&services, c)?, pick(&scopes, c / 4)?, days);
                let owner = if c.is_multiple_of(9) { bot.id } else { by.id };
                world.ask(&by, Asked { owner, ..asked }).map(|_| 0)
            }
            2 => world.decide(decidable(world, *pick(&waiting, c)?)?),
            3 => {
                let subject = Subject::Request(*pick(&waiting, c)?);
                let verdict = if c.is_multiple_of(5) { Verdict::Reject } else { Verdict::Approve };
                world.review(&sue, "security", subject, verdict)
            }
            _ => {
                let request = *pick(&waiting, c)?;
                if let Some(request) = decidable(world, request) {
                    _ = world.decide(request);
                }
                let grant = world.grant(request);
                match grant {
                    Err(refusal) => Err(refusal),
                    Ok(grant) => {
                        let who = world.state().request(request).unwrap().requester;
                        let who = member(world, who)?;
                        world.claim(&who, grant).map(|_| 0)
                    }
                }
            }
        })
    }

    fn token(&mut self, world: &mut World, a: u8, b: u8, c: u8) -> Option<Result<u64, Refusal>> {
        let Cast { bob, sue, max, .. } = world.cast();
        let tokens: Vec<TokenId> = world.state().tokens.keys().copied().collect();
        let token = *pick(&tokens, b)?;
        let grant = world.state().token(token).unwrap().grant;
        let request = world.state().grant(grant).unwrap().request;
        let requester = member(world, world.state().request(request).unwrap().requester)?;
        if !a.is_multiple_of(3) {
            let who = if c.is_multiple_of(5) { max } else { requester };
            let owner = world.state().request(request).unwrap().asked.owner;
            world.state().active_person(owner).ok()?;
            world.state().active_person(world.state().request(request).unwrap().requester).ok()?;
            return Some(world.rotate(&who, token).map(|_| 0));
        }
        let ticket = world.state().tickets.keys().next().copied()?;
        let service = world.state().services.keys().next().copied()?;
        let vendor = world.state().vendors.keys().next().copied()?;
        let targets = [
            Target::Token(token),
            Target::Grant(grant),
            Target::Owner(bob.id),
            Target::Service(service),
            Target::Ticket(ticket),
            Target::Vendor(vendor),
        ];
        let target = *pick(&targets, c)?;
        let who = if c.is_multiple_of(2) { sue } else { bob };
        Some(world.revoke(&who, target))
    }

    fn people(&mut self, world: &mut World, a: u8, b: u8, c: u8) -> Option<Result<u64, Refusal>> {
        let Cast { sue, pia, max, ann, bot, .. } = world.cast();
        if !c.is_multiple_of(4) {
            return None;
        }
        Some(match a % 8 {
            0 => world.offboard(&max),
            1 if b.is_multiple_of(8) => world.offboard(&pia),
            2 if b.is_multiple_of(3) => {
                let set = ResponsibleSet { person: bot.id, responsible: sue.id };
                world.act(Act::ResponsibleSet(set))
            }
            2 => {
                let roles: BTreeSet<Role> = [Role::new("security"), Role::new("privacy")].into();
                world.act(Act::RolesSet(RolesSet { person: sue.id, roles }))
            }
            3 if b.is_multiple_of(8) => {
                world.act(Act::KeyRetired(KeyRetired { key: sue.public().fingerprint() }))
            }
            4 => world.act(Act::KeyRetired(KeyRetired { key: ann.public().fingerprint() })),
            5 => world.act(Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span::MINUTE })),
            6 if !self.operator => {
                world.add_operator(&Member::new(PersonId(70), 70));
                self.operator = true;
                return None;
            }
            _ => {
                let strict = r#"@id("sensitive") @reviewers("security") permit(principal, action == Action::"review", resource);"#;
                world.publish_policy(if b.is_multiple_of(3) { strict } else { POLICY })
            }
        })
    }
}

fn tickets(world: &World) -> Vec<TicketId> {
    world.state().tickets.keys().copied().collect()
}

fn decidable(world: &World, request: RequestId) -> Option<RequestId> {
    let found = world.state().request(request).ok()?;
    let active = |person| world.state().active_person(person).is_ok();
    (active(found.requester) && active(found.asked.owner)).then_some(request)
}

fn member(world: &World, id: PersonId) -> Option<Member> {
    let Cast { ann, bob, sue, pia, max, bot } = world.cast();
    [ann, bob, sue, pia, max, bot].into_iter().find(|member| member.id == id)
}

fn pick<T>(from: &[T], number: u8) -> Option<&T> {
    from.get(usize::from(number).checked_rem(from.len())?)
}
