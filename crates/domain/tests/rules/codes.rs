//! Every code of a refusal is provoked: the match below has no default, so that a new code needs a case.

use std::collections::BTreeMap;

use crate::renewed::grown;
use domain::actor::Proof;
use domain::authority::Act;
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::evidence::Value;
use domain::genesis::SettingsSet;
use domain::id::{NodeId, PersonId, TicketId};
use domain::people::{Kind, PersonAdded, RolesSet};
use domain::policy::{self, Memo, Outcome};
use domain::probe::MOST_PROBING;
use domain::refusal::{Code, Refusal};
use domain::request::RequestDecided;
use domain::review::{Subject, Verdict};
use domain::standard::StandardPublished;
use domain::statement::Statement;
use domain::step::{Draft, check};
use domain::testing::{Cast, HardwareKey, Member, World, standard};
use domain::ticket::{TicketSubmitted, TicketWithdrawn};
use domain::time::{Millis, Span};

#[test]
fn every_code_is_given_by_some_rule() {
    let mut texts = BTreeMap::new();
    for code in Code::ALL {
        let refusal = provoke(*code);
        assert!(refusal.has(*code), "{code}: {refusal}");
        texts.insert(code.as_str(), refusal.to_string());
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(code.as_str().chars().all(kebab), "{code}");
    }
    assert_eq!(texts.len(), Code::ALL.len());
}

fn provoke(code: Code) -> Refusal {
    match code {
        Code::NotCanonical
        | Code::StaleStep
        | Code::Genesis
        | Code::TimeBackwards
        | Code::UnknownNode
        | Code::NotActive
        | Code::NotFound
        | Code::Exists
        | Code::Invalid
        | Code::MaterialMissing => form(code),
        Code::SignatureNeeded
        | Code::SignatureInvalid
        | Code::SignatureUsed
        | Code::SignatureOvertaken
        | Code::SignatureExpired
        | Code::KeyNotActive
        | Code::UserPresence
        | Code::RoleNeeded
        | Code::OwnRequest
        | Code::WorkloadReview => people(code),
        Code::WrongStatus
        | Code::TooMany
        | Code::ReviewsMissing
        | Code::CriterionOpen
        | Code::EvidenceExpired
        | Code::AnswerMismatch
        | Code::NotMeasurable
        | Code::DemoPerson
        | Code::UpstreamRefused => ticket(code),
        Code::PolicyNotInForce
        | Code::OperationsChanged
        | Code::PolicyDenied
        | Code::ReviewNeeded
        | Code::FuseBroken
        | Code::UnknownScope
        | Code::NotReleased
        | Code::DecisionDiffers
        | Code::ChainBroken => token(code),
    }
}

fn form(code: Code) -> Refusal {
    let mut world = World::new();
    let Cast { ann, bob, max, .. } = world.cast();
    let vendor = |world: &World| {
        let id = domain::id::VendorId(7);
        let added = domain::service::VendorAdded { profile: Digest::of(b"v"), vendor: id };
        world.entry(Some(ann.id), Proof::Login, Body::VendorAdded(added))
    };
    match code {
        Code::NotCanonical => Entry::decode(b" {}").unwrap_err(),
        Code::StaleStep => {
            let mut draft = Draft::on(world.state());
            let late = check(&draft, &vendor(&world), world.materials()).unwrap();
            let other = domain::service::VendorAdded {
                profile: Digest::of(b"w"),
                vendor: domain::id::VendorId(8),
            };
            let other = world.entry(Some(ann.id), Proof::Login, Body::VendorAdded(other));
            let first = check(&draft, &other, world.materials()).unwrap();
            draft.absorb(first).unwrap();
            draft.absorb(late).unwrap_err()
        }
        Code::Genesis => world.append(world.genesis_entry()).unwrap_err(),
        Code::TimeBackwards => {
            let at = Millis(world.now.0 - 1);
            world.append(Entry { at, ..vendor(&world) }).unwrap_err()
        }
        Code::UnknownNode => {
            let mut entry = vendor(&world);
            entry.actor.node = NodeId(9);
            world.append(entry).unwrap_err()
        }
        Code::NotActive => {
            world.offboard(&max).unwrap();
            let entry = vendor(&world);
            world.by(&max, entry.body).unwrap_err()
        }
        Code::NotFound => {
            let withdrawn = TicketWithdrawn { ticket: TicketId(7) };
            world.by(&bob, Body::TicketWithdrawn(withdrawn)).unwrap_err()
        }
        Code::Exists => {
            world.append(vendor(&world)).unwrap();
            world.append(vendor(&world)).unwrap_err()
        }
        Code::MaterialMissing => {
            let (name, standard) = ("other".to_owned(), Digest::of(b"nothing"));
            world
                .act(Act::StandardPublished(StandardPublished { name, standard, version: 1 }))
                .unwrap_err()
        }
        _ => {
            let settings = SettingsSet { quorum: 1, staleness: Span::DAY };
            world.act(Act::SettingsSet(settings)).unwrap_err()
        }
    }
}

fn people(code: Code) -> Refusal {
    let mut world = World::new();
    let Cast { ann, bob, .. } = world.cast();
    let act = || Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span(2_000) });
    match code {
        Code::SignatureNeeded => {
            let authority = domain::authority::Authority { act: act(), signatures: Vec::new() };
            world
                .append(world.entry(None, Proof::Signature, Body::Authority(authority.into())))
                .unwrap_err()
        }
        Code::SignatureInvalid => {
            let mut signature = world.sign_act(&ann, &act());
            *signature.sig.0.last_mut().unwrap() ^= 1;
            authorise(&mut world, act(), signature)
        }
        Code::SignatureUsed => {
            let signature = world.sign_act(&ann, &act());
            let authority = |signature| domain::authority::Authority {
                act: act(),
                signatures: vec![signature],
            };
            let body = Body::Authority(authority(signature.clone()).into());
            world.by(&ann, body).unwrap();
            authorise(&mut world, act(), signature)
        }
        Code::SignatureOvertaken => {
            let signature = world.sign_act(&ann, &act());
            let other = SettingsSet { quorum: 1, staleness: Span(40_000) };
            world.act(Act::SettingsSet(other)).unwrap();
            authorise(&mut world, act(), signature)
        }
        Code::SignatureExpired => {
            let signature = world.sign_act(&ann, &act());
            world.wait(Span::days(2));
            authorise(&mut world, act(), signature)
        }
        Code::KeyNotActive => {
            let signature = world.sign_act(&ann.with_key(77), &act());
            authorise(&mut world, act(), signature)
        }
        Code::UserPresence => {
            let key = HardwareKey::new(50);
            let added = domain::people::KeyAdded { key: key.public(), person: ann.id };
            world.act(Act::KeyAdded(added)).unwrap();
            let (seen, not_after) = (world.state().seen().unwrap(), world.now);
            let statement = Statement::for_act(world.state(), &act(), ann.id, seen, not_after);
            let signature = key.sign(statement.as_bytes(), 0, seen, not_after);
            authorise(&mut world, act(), signature)
        }
        Code::RoleNeeded => {
            let service = world.canary("parcels");
            let stage = domain::service::Release::Wide;
            let released = domain::service::ServiceReleased { service, stage };
            world.by(&bob, Body::ServiceReleased(released)).unwrap_err()
        }
        Code::OwnRequest => {
            let roles = [domain::people::Role::new("security")].into();
            world.act(Act::RolesSet(RolesSet { person: bob.id, roles })).unwrap();
            let ticket = world.in_review("parcels");
            world.review(&bob, "security", Subject::Ticket(ticket), Verdict::Approve).unwrap_err()
        }
        _ => {
            let bot = Member::new(PersonId(40), 40);
            let (kind, responsible) = (Kind::Workload, Some(bob.id));
            let added = PersonAdded { kind, responsible, ..world.added(&bot, &["security"]) };
            world.act(Act::PersonAdded(added)).unwrap_err()
        }
    }
}

fn authorise(world: &mut World, act: Act, signature: domain::signature::Signature) -> Refusal {
    let authority = domain::authority::Authority { act, signatures: vec![signature] };
    let entry = world.entry(None, Proof::Signature, Body::Authority(authority.into()));
    world.append(entry).unwrap_err()
}

fn ticket(code: Code) -> Refusal {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    match code {
        Code::WrongStatus => {
            let ticket = world.open("parcels");
            world.review(&sue, "security", Subject::Ticket(ticket), Verdict::Approve).unwrap_err()
        }
        Code::TooMany => {
            let ticket = world.open("parcels");
            (0..MOST_PROBING).for_each(|_| {
                world.order(ticket);
            });
            let ordered = world.ordered(ticket, &["transport"]);
            world.by(&bob, Body::ProbeOrdered(ordered)).unwrap_err()
        }
        Code::ReviewsMissing => {
            let ticket = world.in_review("parcels");
            world.approve(ticket).unwrap_err()
        }
        Code::CriterionOpen => {
            let ticket = world.open("parcels");
            let submitted: TicketSubmitted = world.submitted(&bob, ticket);
            world.by(&bob, Body::TicketSubmitted(submitted)).unwrap_err()
        }
        Code::EvidenceExpired => {
            let ticket = world.open("parcels");
            let mut attached = world.attached(ticket, "report", Value::Word("soc-2".to_owned()));
            attached.expires = Some(world.now);
            world.by(&bob, Body::EvidenceAttached(attached)).unwrap_err()
        }
        Code::AnswerMismatch => {
            let ticket = world.open("parcels");
            let order = world.order(ticket);
            let nonce = Digest::of(b"another nonce");
            let answer = domain::probe::Answer { nonce, ..world.answer(order, 13, true) };
            let runner = world.runner.1;
            let answered = world.answered(&answer, &runner);
            world.job(Body::ProbeAnswered(answered)).unwrap_err()
        }
        Code::NotMeasurable => {
            let mut vague = standard();
            vague.version = 2;
            vague.checkpoints[0].criteria[0].threshold = None;
            world.publish_standard(&vague).unwrap_err()
        }
        Code::DemoPerson => {
            let dan = Member::new(PersonId(41), 41);
            world.add_demo(&dan, &[]);
            let opened = world.opened("parcels", world.terms());
            world.by(&dan, Body::TicketOpened(opened.into())).unwrap_err()
        }
        _ => {
            let mut terms = world.terms();
            terms.environments.get_mut("sandbox").unwrap().upstream = "http://example.com".into();
            let opened = world.opened("parcels", terms);
            world.by(&bob, Body::TicketOpened(opened.into())).unwrap_err()
        }
    }
}

fn token(code: Code) -> Refusal {
    let mut world = World::new();
    let bob = world.cast().bob;
    if code == Code::NotReleased {
        let ticket = world.in_review("parcels");
        world.reviews(ticket);
        world.approve(ticket).unwrap();
        let service = world.state().ticket(ticket).unwrap().service;
        let asked = world.asked(&bob, service, &["parcels:read"], 3);
        return world.ask(&bob, asked).unwrap_err();
    }
    if code == Code::ChainBroken {
        let mut segment = world.segment(3);
        segment.count = 4;
        return world.job(Body::SegmentCommitted(world.committed(segment))).unwrap_err();
    }
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 3);
    let forbidding = r#"@id("no") forbid(principal, action == Action::"ask", resource);"#;
    let reviewing = r#"@id("ask people") permit(principal, action == Action::"review", resource);"#;
    match code {
        Code::PolicyNotInForce => {
            let request = world.ask(&bob, asked).unwrap();
            world.decide(request).unwrap();
            world.publish_policy(reviewing).unwrap();
            world.grant(request).unwrap_err()
        }
        Code::PolicyDenied => {
            world.publish_policy(forbidding).unwrap();
            let request = world.ask(&bob, asked).unwrap();
            world.decide(request).unwrap();
            world.grant(request).unwrap_err()
        }
        Code::OperationsChanged => {
            let request = world.ask(&bob, asked).unwrap();
            world.decide(request).unwrap();
            world.renew(service, &grown());
            world.grant(request).unwrap_err()
        }
        Code::ReviewNeeded => {
            let token = world.token(&bob, service, &["parcels:read"]);
            world.publish_policy(reviewing).unwrap();
            world.rotate(&bob, token).unwrap_err()
        }
        Code::FuseBroken => {
            let request = world.ask(&bob, asked).unwrap();
            world.decide(request).unwrap();
            let mut issued = world.issued(request);
            issued.fuse.until = issued.fuse.until.after(Span::DAY);
            world.job(Body::GrantIssued(issued)).unwrap_err()
        }
        Code::UnknownScope => {
            let scopes = vec!["parcels:all".to_owned()];
            let asked = domain::request::Asked { scopes: scopes.into(), ..asked };
            let made = domain::request::RequestMade { asked: asked.into(), signature: None };
            world.by(&bob, Body::RequestMade(made)).unwrap_err()
        }
        _ => {
            let request = world.ask(&bob, asked).unwrap();
            let mut decision = world.decision(request);
            decision.outcome = Outcome::Deny;
            let decided = RequestDecided { decision: decision.into(), request };
            let entry = world.entry(None, Proof::Node, Body::RequestDecided(decided));
            policy::recompute(world.state(), &entry, &mut Memo::default()).unwrap_err()
        }
    }
}
