//! Story: the life of a token, from the question over the rotation to its end.

use domain::catalog::Method;
use domain::entry::Body;
use domain::fuse::Cause;
use domain::policy::Outcome;
use domain::refusal::Code;
use domain::request::{Asked, RequestMade, Status};
use domain::review::{Subject, Verdict};
use domain::revocation::Target;
use domain::service::CANARY_RATE;
use domain::testing::{Cast, World};
use domain::time::Span;
use domain::token::TokenRotated;

use crate::{codes, refused};

#[test]
fn policy_grants_a_read_and_the_token_ends_because_policy_says_so() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 45);
    let request = world.ask(&bob, asked).unwrap();
    refused(world.grant(request), Code::WrongStatus);
    world.decide(request).unwrap();
    let decision = world.state().request(request).unwrap().decision.clone().unwrap();
    assert_eq!(
        (decision.outcome, decision.policies.as_slice()),
        (Outcome::Grant, &["reads".to_owned()][..])
    );

    let grant = world.grant(request).unwrap();
    let found = world.state().grant(grant).unwrap();
    assert_eq!(found.rate, Some(CANARY_RATE), "a canary's rate is tighter than policy's");
    assert_eq!(found.fuse.because, Cause::Request);
    let token = world.claim(&bob, grant).unwrap();
    let fuse = world.state().token(token).unwrap().fuse.clone();
    assert_eq!(fuse.until, world.now.after(Span::days(30)));
    assert!(fuse.to_string().ends_with("because policy gives no longer life"), "{fuse}");

    let call = || World::call(token, "parcels", Method::Get, "/parcels/7");
    assert_eq!(world.admit(call()).unwrap().operation().unwrap().id, "get");
    world.wait(Span::days(30));
    assert_eq!(world.admit(call()).unwrap_err().code(), "expired");
}

#[test]
fn a_sensitive_scope_is_signed_for_and_people_decide() {
    let mut world = World::new();
    let Cast { bob, sue, max, .. } = world.cast();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let unsigned = RequestMade { asked: asked.clone().into(), signature: None };
    refused(world.by(&bob, Body::RequestMade(unsigned)), Code::SignatureNeeded);
    let others = world.made(&max, asked.clone());
    refused(world.by(&bob, Body::RequestMade(others)), Code::KeyNotActive);

    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    assert!(matches!(world.state().request(request).unwrap().status, Status::InReview { .. }));
    let refusal = world.grant(request).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "reviews-missing: the request needs the signatures of security"
    );
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    let grant = world.grant(request).unwrap();
    refused(world.claim(&max, grant), Code::RoleNeeded);
    let token = world.claim(&bob, grant).unwrap();
    refused(world.claim(&bob, grant), Code::Exists);
    let call = World::call(token, "parcels", Method::Post, "/parcels");
    assert!(world.admit(call).is_ok());
}

#[test]
fn a_rejected_request_is_over() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    world.review(&sue, "security", Subject::Request(request), Verdict::Reject).unwrap();
    refused(world.grant(request), Code::WrongStatus);
}

#[test]
fn a_denial_names_the_smaller_request_that_would_pass() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["keys:admin", "parcels:read"], 120);
    let request = world.ask(&bob, asked.clone()).unwrap();
    world.decide(request).unwrap();
    let found = world.state().request(request).unwrap();
    let decision = found.decision.clone().unwrap();
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(decision.policies, ["administration", "long"]);
    let smaller = decision.smaller.clone().unwrap();
    assert_eq!((smaller.environment.as_str(), smaller.outcome), ("production", Outcome::Review));
    assert_eq!(smaller.scopes, ["parcels:read"]);
    assert_eq!(smaller.until, world.now.after(Span::days(90)));
    refused(world.grant(request), Code::PolicyDenied);

    let passes = Asked {
        request: domain::id::RequestId(world.id()),
        scopes: smaller.scopes.into(),
        until: smaller.until,
        ..asked
    };
    let request = world.ask(&bob, passes).unwrap();
    world.decide(request).unwrap();
    let outcome = world.state().request(request).unwrap().decision.as_ref().unwrap().outcome;
    assert_eq!(outcome, Outcome::Review, "what the denial promised");
}

#[test]
fn a_rotation_overlaps_decides_again_and_ends_no_later() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let first = world.token(&bob, service, &["parcels:read"]);
    world.wait(Span::days(20));
    let second = world.rotate(&bob, first).unwrap();
    refused(world.rotate(&bob, first), Code::WrongStatus);
    let state = world.state();
    assert_eq!(state.token(first).unwrap().fuse.because, Cause::Rotation);
    assert_eq!(state.token(first).unwrap().fuse.until, world.now.after(Span::HOUR));
    let fuse = &state.token(second).unwrap().fuse;
    assert_eq!((&fuse.because, fuse.until), (&Cause::Request, world.now.after(Span::days(10))));

    let call = |token| World::call(token, "parcels", Method::Get, "/parcels");
    assert!(world.admit(call(first)).is_ok() && world.admit(call(second)).is_ok());
    world.wait(Span::HOUR);
    assert_eq!(world.admit(call(first)).unwrap_err().code(), "expired");
    assert!(world.admit(call(second)).is_ok());

    let long = TokenRotated {
        overlap: world.now.after(Span::days(2)),
        ..world.rotated(second, Span::HOUR)
    };
    refused(world.by(&bob, Body::TokenRotated(long)), Code::Invalid);
}

#[test]
fn a_stricter_policy_stops_rotations_that_only_policy_had_granted() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.canary("parcels");
    let read = world.token(&bob, service, &["parcels:read"]);
    let asked = world.asked(&bob, service, &["parcels:write"], 30);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    let grant = world.grant(request).unwrap();
    let write = world.claim(&bob, grant).unwrap();

    world
        .publish_policy(
            r#"@id("ask people") permit(principal, action == Action::"review", resource);"#,
        )
        .unwrap();
    refused(world.rotate(&bob, read), Code::ReviewNeeded);
    world.rotate(&bob, write).unwrap();
    world
        .publish_policy(r#"@id("no") forbid(principal, action == Action::"ask", resource);"#)
        .unwrap();
    refused(world.rotate(&bob, read), Code::PolicyDenied);
}

#[test]
fn an_unclaimed_grant_lapses() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 30);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    let grant = world.grant(request).unwrap();
    world.wait(Span::days(7));
    let refusal = world.claim(&bob, grant).unwrap_err();
    assert!(refusal.has(Code::FuseBroken) && refusal.to_string().contains("not claimed in time"));
}

#[test]
fn a_canary_has_five_grants_and_a_revoked_one_makes_room_once() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.canary("parcels");
    let tokens: Vec<_> = (0..5).map(|_| world.token(&bob, service, &["parcels:read"])).collect();
    let crowded = |world: &mut World| {
        let asked = world.asked(&bob, service, &["parcels:read"], 30);
        let request = world.ask(&bob, asked).unwrap();
        world.decide(request).unwrap();
        world.grant(request)
    };
    assert_eq!(codes(crowded(&mut world)), [Code::NotReleased].into());
    world.revoke(&sue, Target::Token(tokens[0])).unwrap();
    refused(world.revoke(&sue, Target::Token(tokens[0])), Code::WrongStatus);
    let grant = world.state().token(tokens[0]).unwrap().grant;
    refused(world.revoke(&sue, Target::Grant(grant)), Code::WrongStatus);
    crowded(&mut world).unwrap();
    assert_eq!(codes(crowded(&mut world)), [Code::NotReleased].into());
}

#[test]
fn every_target_of_a_revocation_ends_what_it_names() {
    let targets: [fn(&World, domain::id::TokenId) -> Target; 6] = [
        |_, token| Target::Token(token),
        |world, token| Target::Grant(world.state().token(token).unwrap().grant),
        |world, _| Target::Owner(world.cast().bob.id),
        |world, _| Target::Service(*world.state().services.keys().next().unwrap()),
        |world, _| Target::Ticket(*world.state().tickets.keys().next().unwrap()),
        |world, _| Target::Vendor(*world.state().vendors.keys().next().unwrap()),
    ];
    for target in targets {
        let mut world = World::new();
        let Cast { bob, max, sue, .. } = world.cast();
        let service = world.canary("parcels");
        let token = world.token(&bob, service, &["parcels:read"]);
        let call = || World::call(token, "parcels", Method::Get, "/parcels");
        let permit = world.admit(call()).unwrap();
        let target = target(&world, token);
        refused(world.revoke(&max, target), Code::RoleNeeded);
        let number = world.revoke(&sue, target).unwrap();
        assert_eq!(world.state().revocations.get(&number).unwrap().ended, 1, "{target:?}");
        assert_eq!(world.admit(call()).unwrap_err().code(), "revoked", "{target:?}");
        let clock = domain::admission::Clock { now: world.now, proven: Span::SECOND };
        assert_eq!(permit.recheck(world.state(), clock).unwrap_err().code(), "revoked");
        refused(world.rotate(&bob, token), Code::WrongStatus);

        let received = world.received(number);
        world.job(Body::RevocationReceived(received.clone())).unwrap();
        refused(world.job(Body::RevocationReceived(received)), Code::Exists);
        assert_eq!(world.state().revocations.get(&number).unwrap().receipts.len(), 1);
    }
}

#[test]
fn a_token_in_its_overlap_is_revoked_alone() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let first = world.token(&bob, service, &["parcels:read"]);
    let second = world.rotate(&bob, first).unwrap();
    world.revoke(&bob, Target::Token(first)).unwrap();
    let call = |token| World::call(token, "parcels", Method::Get, "/parcels");
    assert_eq!(world.admit(call(first)).unwrap_err().code(), "revoked");
    assert!(world.admit(call(second)).is_ok());
    assert_eq!(world.state().service(service).unwrap().grants, 1);
}

#[test]
fn whoever_leaves_takes_their_tokens_with_them_under_a_number() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let token = world.token(&bob, service, &["parcels:read"]);
    let rotated = world.rotated(token, Span::HOUR);
    let number = world.offboard(&bob).unwrap();
    let revocation = world.state().revocations.get(&number).unwrap();
    assert_eq!((revocation.ended, revocation.target), (1, Target::Owner(bob.id)));
    let call = World::call(token, "parcels", Method::Get, "/parcels");
    assert_eq!(world.admit(call).unwrap_err().code(), "revoked");
    let received = world.received(number);
    world.job(Body::RevocationReceived(received)).unwrap();
    assert!(codes(world.by(&bob, Body::TokenRotated(rotated))).contains(&Code::NotActive));
}

#[test]
fn a_token_is_claimed_for_no_suspended_and_no_lapsed_service() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 30);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    let grant = world.grant(request).unwrap();
    let suspended = domain::service::ServiceSuspended { service };
    world.by(&sue, Body::ServiceSuspended(suspended)).unwrap();
    refused(world.claim(&bob, grant), Code::NotReleased);
}

#[test]
fn service_accounts_get_tokens_and_other_people_do_not() {
    let mut world = World::new();
    let Cast { bob, bot, max, .. } = world.cast();
    let service = world.canary("parcels");
    let mut asked = world.asked(&bob, service, &["parcels:read"], 30);
    asked.owner = max.id;
    refused(world.ask(&bob, asked.clone()), Code::Invalid);
    asked.owner = bot.id;
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    let grant = world.grant(request).unwrap();
    world.claim(&bot, grant).unwrap();
}
