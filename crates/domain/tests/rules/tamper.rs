//! The tamper matrix at the level of the rules: each forged entry, and the one reason that refuses it.

use domain::actor::Proof;
use domain::authority::{Act, Authority};
use domain::digest::Digest;
use domain::entry::Body;
use domain::evidence::Value;
use domain::genesis::{Genesis, SettingsSet};
use domain::grant::GrantIssued;
use domain::id::{GrantId, PersonId, RequestId};
use domain::people::{KeyRetired, PersonAdded, Role, RolesSet};
use domain::policy::{Memo, Outcome, PolicyPublished};
use domain::refusal::Code;
use domain::request::RequestDecided;
use domain::review::{ReviewSigned, Subject, Verdict};
use domain::testing::{Cast, Machine, Member, World, genesis};
use domain::ticket::TicketAmended;
use domain::time::Span;

use crate::{codes, refused};

fn granted(world: &mut World) -> RequestId {
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 30);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    request
}

#[test]
fn a_grant_without_its_decision() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let request = granted(&mut world);
    let mut issued = world.issued(request);
    let asked = world.state().request(request).unwrap().asked.clone();
    let undecided = domain::request::Asked { request: RequestId(world.id()), ..(*asked).clone() };
    issued.request = world.ask(&bob, undecided).unwrap();
    issued.rate = Some(domain::service::CANARY_RATE);
    refused(world.job(Body::GrantIssued(issued.clone())), Code::WrongStatus);
    issued.request = RequestId(9);
    refused(world.job(Body::GrantIssued(issued)), Code::NotFound);
}

#[test]
fn a_second_grant_for_one_decision() {
    let mut world = World::new();
    let request = granted(&mut world);
    world.grant(request).unwrap();
    let issued = world.issued(request);
    refused(world.job(Body::GrantIssued(issued)), Code::WrongStatus);
}

#[test]
fn a_decision_for_review_turned_into_a_grant() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, asked).unwrap();
    let mut decision = world.decision(request);
    decision.outcome = Outcome::Grant;
    let still_named = RequestDecided { decision: decision.clone().into(), request };
    refused(world.job(Body::RequestDecided(still_named)), Code::Invalid);
    decision.reviewers = None;
    let body = Body::RequestDecided(RequestDecided { decision: decision.into(), request });
    let entry = world.entry(None, Proof::Node, body);
    let again = domain::policy::recompute(world.state(), &entry, &mut Memo::default());
    refused(again, Code::DecisionDiffers);
}

#[test]
fn an_approval_without_signatures_or_with_too_few() {
    let mut world = World::new();
    let sue = world.cast().sue;
    let ticket = world.in_review("parcels");
    refused(world.approve(ticket), Code::ReviewsMissing);
    let both = [Role::new("security"), Role::new("privacy")].into();
    world.act(Act::RolesSet(RolesSet { person: sue.id, roles: both })).unwrap();
    for role in ["security", "privacy"] {
        world.review(&sue, role, Subject::Ticket(ticket), Verdict::Approve).unwrap();
    }
    let refusal = world.approve(ticket).unwrap_err();
    assert_eq!(refusal.to_string(), "reviews-missing: 2 different people must sign, 1 did");
}

#[test]
fn a_review_by_anothers_key() {
    let mut world = World::new();
    let Cast { sue, max, .. } = world.cast();
    let ticket = world.in_review("parcels");
    let subject = Subject::Ticket(ticket);
    let by_max = world.reviewed(&max, "security", subject, Verdict::Approve);
    refused(
        world.append(world.entry(None, Proof::Signature, Body::ReviewSigned(by_max.clone()))),
        Code::RoleNeeded,
    );

    let mut in_her_name = by_max;
    in_her_name.signature.key = sue.public().fingerprint();
    refused(world.by(&sue, Body::ReviewSigned(in_her_name)), Code::SignatureInvalid);

    let honest = world.reviewed(&sue, "security", subject, Verdict::Approve);
    refused(world.by(&max, Body::ReviewSigned(honest)), Code::Invalid);
}

#[test]
fn a_review_turned_around_or_taken_for_another_role() {
    let mut world = World::new();
    let Cast { sue, .. } = world.cast();
    let ticket = world.in_review("parcels");
    let mut signed = world.reviewed(&sue, "security", Subject::Ticket(ticket), Verdict::Reject);
    signed.verdict = Verdict::Approve;
    refused(world.by(&sue, Body::ReviewSigned(signed.clone())), Code::SignatureInvalid);
    signed.verdict = Verdict::Reject;
    signed.role = Role::new("privacy");
    assert!(codes(world.by(&sue, Body::ReviewSigned(signed))).contains(&Code::RoleNeeded));
}

#[test]
fn a_signature_reused_from_another_ticket_or_round_or_twice() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let (one, two) = (world.in_review("one"), world.in_review("two"));
    let first = world.reviewed(&sue, "security", Subject::Ticket(one), Verdict::Approve);
    let elsewhere = ReviewSigned { subject: Subject::Ticket(two), ..first.clone() };
    refused(world.by(&sue, Body::ReviewSigned(elsewhere)), Code::SignatureInvalid);

    world.by(&sue, Body::ReviewSigned(first.clone())).unwrap();
    refused(world.by(&sue, Body::ReviewSigned(first.clone())), Code::SignatureUsed);
    let again = world.reviewed(&sue, "security", Subject::Ticket(one), Verdict::Approve);
    refused(world.by(&sue, Body::ReviewSigned(again)), Code::SignatureUsed);

    let pia = world.cast().pia;
    world.review(&pia, "privacy", Subject::Ticket(one), Verdict::Reject).unwrap();
    let terms = world.terms();
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket: one })).unwrap();
    world.evidence(one);
    world.submit(one).unwrap();
    refused(world.by(&sue, Body::ReviewSigned(first.clone())), Code::WrongStatus);
    let next_round = ReviewSigned { round: 2, ..first };
    refused(world.by(&sue, Body::ReviewSigned(next_round)), Code::SignatureInvalid);
}

#[test]
fn a_signature_under_another_end_another_ledger_or_another_namespace() {
    let mut world = World::new();
    let sue = world.cast().sue;
    let subject = Subject::Ticket(world.in_review("parcels"));
    let signed = world.reviewed(&sue, "security", subject, Verdict::Approve);

    let mut longer = signed.clone();
    longer.signature.not_after = longer.signature.not_after.after(Span::HOUR);
    refused(world.by(&sue, Body::ReviewSigned(longer)), Code::SignatureInvalid);
    let mut for_ever = signed.clone();
    for_ever.signature.not_after = world.now.after(Span::days(31));
    refused(world.by(&sue, Body::ReviewSigned(for_ever)), Code::SignatureExpired);
    let mut unseen = signed.clone();
    unseen.signature.seen.root = Digest::of(b"a root that never was");
    refused(world.by(&sue, Body::ReviewSigned(unseen)), Code::SignatureInvalid);

    let seen = signed.signature.seen;
    let frame = domain::statement::Frame {
        not_after: signed.signature.not_after,
        role: "security",
        seen,
        signer: sue.id,
    };
    let statement = domain::review::statement(world.state(), &signed, frame);
    let namespace = domain::signature::LOGIN_NAMESPACE;
    let login = sue.sign_in(namespace, statement.as_bytes(), seen, frame.not_after);
    let login = ReviewSigned { signature: login, ..signed.clone() };
    refused(world.by(&sue, Body::ReviewSigned(login)), Code::SignatureInvalid);

    let mut tail = signed.clone();
    tail.signature.sig.0.push(0);
    refused(world.by(&sue, Body::ReviewSigned(tail)), Code::SignatureInvalid);
    world.by(&sue, Body::ReviewSigned(signed)).unwrap();
}

#[test]
fn an_extended_end_of_approval_grant_and_token() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let ticket = world.in_review("labels");
    world.reviews(ticket);
    let mut approved = world.approved(ticket);
    approved.fuse.until = approved.fuse.until.after(Span(1));
    refused(world.job(Body::TicketApproved(approved)), Code::FuseBroken);

    let request = granted(&mut world);
    let mut issued = world.issued(request);
    issued.fuse.until = issued.fuse.until.after(Span(1));
    refused(world.job(Body::GrantIssued(issued)), Code::FuseBroken);
    let mut faster = world.issued(request);
    faster.rate = None;
    refused(world.job(Body::GrantIssued(faster)), Code::Invalid);

    let grant = world.grant(request).unwrap();
    let mut claimed = world.claim_of(grant);
    claimed.fuse.until = claimed.fuse.until.after(Span(1));
    refused(world.by(&bob, Body::TokenIssued(claimed)), Code::FuseBroken);
    let token = world.claim(&bob, grant).unwrap();
    let mut rotated = world.rotated(token, Span::HOUR);
    rotated.fuse.until = rotated.fuse.until.after(Span(1));
    refused(world.by(&bob, Body::TokenRotated(rotated)), Code::FuseBroken);
}

#[test]
fn a_widened_policy_without_signatures_and_an_older_one_with_them() {
    let mut world = World::new();
    let Cast { ann, bob, .. } = world.cast();
    let text = r#"@id("all") permit(principal, action == Action::"grant", resource);"#;
    let policy = world.put(domain::material::Kind::Policy, text.as_bytes());
    let act = |version| Act::PolicyPublished(PolicyPublished { policy, version });
    let unsigned = Body::Authority(Authority { act: act(2), signatures: Vec::new() }.into());
    refused(world.append(world.entry(Some(ann.id), Proof::Login, unsigned)), Code::SignatureNeeded);
    assert!(codes(world.act_signed(act(2), &[&bob])).contains(&Code::RoleNeeded));
    refused(world.act(act(1)), Code::Exists);
    let other = world.sign_act(&ann, &Act::SettingsSet(world.state().settings().clone()));
    let moved = Body::Authority(Authority { act: act(2), signatures: vec![other] }.into());
    refused(world.by(&ann, moved), Code::SignatureInvalid);
    world.act(act(2)).unwrap();
}

#[test]
fn an_added_reviewer_without_operators_and_two_operators_once_there_are_two() {
    let mut world = World::new();
    let Cast { ann, sue, .. } = world.cast();
    let (eve, olaf) = (Member::new(PersonId(42), 42), Member::new(PersonId(43), 43));
    let act = world.joining(&eve, &["security"]);
    assert!(codes(world.act_signed(act.clone(), &[&sue])).contains(&Code::RoleNeeded));
    assert!(world.state().is_single_operator());
    world.add_operator(&olaf);
    assert!(!world.state().is_single_operator());

    refused(world.act_signed(act.clone(), &[&ann]), Code::SignatureNeeded);
    let twice = [&ann, &ann];
    assert!(codes(world.act_signed(act.clone(), &twice)).contains(&Code::SignatureNeeded));
    let lower = Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span::MINUTE });
    refused(world.act(lower), Code::Invalid);
    world.act(act).unwrap();
    let leaves = domain::people::PersonOffboarded { person: olaf.id };
    refused(world.act(Act::PersonOffboarded(leaves)), Code::Invalid);
    let key = olaf.public().fingerprint();
    refused(world.act(Act::KeyRetired(KeyRetired { key })), Code::Invalid);
    let roles = std::collections::BTreeSet::new();
    refused(world.act(Act::RolesSet(RolesSet { person: ann.id, roles })), Code::Invalid);
}

#[test]
fn one_operator_with_two_keys_is_one_operator() {
    let mut world = World::new();
    let ann = world.cast().ann;
    let second = ann.with_key(70);
    let added = domain::people::KeyAdded { key: second.public(), person: ann.id };
    world.act(Act::KeyAdded(added)).unwrap();
    world.add_operator(&Member::new(PersonId(43), 43));
    let act = Act::SettingsSet(SettingsSet { quorum: 2, staleness: Span(5_000) });
    refused(world.act_signed(act, &[&ann, &second]), Code::SignatureNeeded);
}

#[test]
fn genesis_names_nobody_twice() {
    let world = World::empty();
    let honest = genesis(&world);
    let twin = PersonAdded { person: PersonId(99), ..honest.operators[0].clone() };
    let settings = SettingsSet { quorum: 2, staleness: Span::MINUTE };
    let cases = [
        (
            Genesis {
                operators: vec![honest.operators[0].clone(); 2],
                settings: settings.clone(),
                ..honest.clone()
            },
            Code::Exists,
        ),
        (
            Genesis {
                operators: vec![honest.operators[0].clone(), twin],
                settings,
                ..honest.clone()
            },
            Code::Exists,
        ),
        (Genesis { nodes: vec![honest.nodes[0].clone(); 2], ..honest.clone() }, Code::Exists),
        (Genesis { operators: Vec::new(), ..honest.clone() }, Code::Genesis),
        (Genesis { nodes: Vec::new(), ..honest.clone() }, Code::UnknownNode),
        (Genesis { edition: 2, ..honest.clone() }, Code::Genesis),
        (Genesis { log: "not a key".to_owned(), ..honest.clone() }, Code::Invalid),
        (Genesis { origin: "two words".to_owned(), ..honest }, Code::Invalid),
    ];
    for (forged, code) in cases {
        let mut world = World::empty();
        world.replayed = false;
        let entry = world.entry(None, Proof::Node, Body::Genesis(forged.into()));
        assert!(codes(world.append(entry)).contains(&code));
    }
    let mut world = World::empty();
    world.replayed = false;
    let vendor =
        domain::service::VendorAdded { profile: Digest::of(b"v"), vendor: domain::id::VendorId(1) };
    assert!(codes(world.job(Body::VendorAdded(vendor))).contains(&Code::Genesis));
}

#[test]
fn a_redirected_upstream() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let ticket = world.open("parcels");
    let elsewhere = "https://elsewhere.example.com".to_owned();
    let mut ordered = world.ordered(ticket, &["transport"]);
    ordered.target = elsewhere.clone();
    refused(world.by(&bob, Body::ProbeOrdered(ordered.clone())), Code::UpstreamRefused);
    ordered.environment = "production".to_owned();
    ordered.target = "https://api.example.com/v1".to_owned();
    refused(world.by(&bob, Body::ProbeOrdered(ordered)), Code::UpstreamRefused);

    world.evidence(ticket);
    world.submit(ticket).unwrap();
    let sue = world.cast().sue;
    let signed = world.reviewed(&sue, "security", Subject::Ticket(ticket), Verdict::Approve);
    let mut terms = world.terms();
    terms.environments.get_mut("production").unwrap().upstream = elsewhere;
    let amended = || Body::TicketAmended(TicketAmended { terms: terms.clone(), ticket });
    world.by(&bob, amended()).unwrap();
    world.evidence(ticket);
    world.submit(ticket).unwrap();
    let next_round = ReviewSigned { round: 2, ..signed };
    refused(world.by(&sue, Body::ReviewSigned(next_round)), Code::SignatureInvalid);
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    refused(world.by(&bob, amended()), Code::WrongStatus);
}

#[test]
fn a_credential_stays_only_where_the_calls_go_to_the_same_place_as_before() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let vendor = world.state().service(service).unwrap().vendor;
    let mut terms = world.terms();
    terms.environments.get_mut("sandbox").unwrap().upstream = "https://x.example.com".to_owned();
    let mut opened = world.opened("parcels", terms);
    (opened.service, opened.vendor) = (service, vendor);
    let ticket = opened.ticket;
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
    world.evidence(ticket);
    world.submit(ticket).unwrap();
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    let credentials = &world.state().service(service).unwrap().credentials;
    assert_eq!(credentials.keys().collect::<Vec<_>>(), ["production"]);
}

#[test]
fn reviews_given_under_an_older_policy() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    refused(world.decide(request), Code::WrongStatus);
    let old = world.reviewed(&sue, "security", Subject::Request(request), Verdict::Approve);
    world.by(&sue, Body::ReviewSigned(old)).unwrap();
    let text = r#"@id("two") @reviewers("2 security") permit(principal, action == Action::"review", resource);"#;
    world.publish_policy(text).unwrap();
    refused(world.grant(request), Code::PolicyNotInForce);
    world.decide(request).unwrap();
    assert!(world.state().request(request).unwrap().reviews.is_empty());
    refused(world.grant(request), Code::ReviewsMissing);
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    refused(world.grant(request), Code::ReviewsMissing);
}

#[test]
fn an_attestation_by_whoever_asks() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let roles = [Role::new("privacy")].into();
    world.act(Act::RolesSet(RolesSet { person: bob.id, roles })).unwrap();
    let ticket = world.open("parcels");
    let deletion = world.attached(ticket, "deletion", Value::Number(14));
    let own = world.attested(&bob, "privacy", deletion);
    refused(world.by(&bob, Body::EvidenceAttached(own)), Code::OwnRequest);
}

#[test]
fn an_answer_to_another_target_document_or_nonce_or_by_another_machine() {
    let mut world = World::new();
    let ticket = world.open("parcels");
    let order = world.order(ticket);
    let honest = world.answer(order, 13, true);
    let runner = world.runner.1;
    type Edit = fn(&mut domain::probe::Answer);
    let edits: [Edit; 5] = [
        |answer| answer.target = "https://strong.example.com".to_owned(),
        |answer| answer.document = Digest::of(b"another document"),
        |answer| answer.nonce = Digest::of(b"an old nonce"),
        |answer| answer.started.0 -= 3_600_000,
        |answer| answer.ended.0 += 3_600_000,
    ];
    for edit in edits {
        let mut answer = honest.clone();
        edit(&mut answer);
        let answered = world.answered(&answer, &runner);
        refused(world.job(Body::ProbeAnswered(answered)), Code::AnswerMismatch);
    }
    let by_node = world.answered(&honest, &Machine::new(101));
    refused(world.job(Body::ProbeAnswered(by_node)), Code::SignatureInvalid);
    let answered = world.answered(&honest, &runner);
    let mut swapped = answered.clone();
    swapped.answer = world.put(
        domain::material::Kind::Answer,
        &domain::entry::canonical(&domain::probe::Answer {
            values: [("tls".to_owned(), Value::Number(99))].into(),
            ..honest
        }),
    );
    refused(world.job(Body::ProbeAnswered(swapped)), Code::SignatureInvalid);
    world.job(Body::ProbeAnswered(answered.clone())).unwrap();
    refused(world.job(Body::ProbeAnswered(answered)), Code::Exists);
}

#[test]
fn an_entry_that_does_not_prove_who_acted_as_it_says() {
    let mut world = World::new();
    let Cast { bob, .. } = world.cast();
    let committed = world.committed(world.segment(1));
    let body = || Body::SegmentCommitted(committed.clone());
    for (who, proof) in [
        (Some(bob.id), Proof::Node),
        (Some(bob.id), Proof::Signature),
        (None, Proof::Signature),
        (None, Proof::Login),
    ] {
        refused(world.append(world.entry(who, proof, body())), Code::Invalid);
    }
    world.job(body()).unwrap();
}

#[test]
fn an_attestation_signed_for_other_terms() {
    let mut world = World::new();
    let Cast { bob, pia, .. } = world.cast();
    let ticket = world.open("parcels");
    let deletion = world.attached(ticket, "deletion", Value::Number(14));
    let signed = world.attested(&pia, "privacy", deletion);
    let mut terms = world.terms();
    terms.environments.get_mut("production").unwrap().upstream = "https://x.example.com".into();
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    refused(world.by(&bob, Body::EvidenceAttached(signed)), Code::SignatureInvalid);
    let by_hand = world.attached(ticket, "tls", Value::Number(13));
    refused(world.by(&bob, Body::EvidenceAttached(by_hand)), Code::Invalid);
}

#[test]
fn what_control_appends_is_what_everybody_can_read() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let mut terms = world.terms();
    for number in 0..14 {
        let mut environment = terms.environments["sandbox"].clone();
        environment.authorities = Some("x".repeat(8_000));
        terms.environments.insert(format!("e{number}"), environment);
    }
    let opened = world.opened("parcels", terms);
    refused(world.by(&bob, Body::TicketOpened(opened.into())), Code::NotCanonical);

    let mut far = world.segment(1);
    far.to.0 = 1 << 53;
    let far = world.committed(far);
    refused(world.job(Body::SegmentCommitted(far)), Code::NotCanonical);
    let mut entry = world.genesis_entry();
    entry.at.0 = 1 << 53;
    refused(world.append(entry), Code::NotCanonical);
    let unknown = GrantIssued {
        grant: GrantId(1),
        fuse: domain::fuse::Fuse::new(world.now, domain::fuse::Cause::Request),
        rate: None,
        request: RequestId(1),
    };
    refused(world.job(Body::GrantIssued(unknown)), Code::NotFound);
}
