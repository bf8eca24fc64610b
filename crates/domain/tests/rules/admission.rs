//! `admit` beside a slow and obvious reference, written from the words of the design.

use std::net::IpAddr;

use domain::admission::{self, Call, Clock, Denied, Left, Limits};
use domain::catalog::Method;
use domain::id::{GrantId, TokenId};
use domain::limit::Rate;
use domain::people::Kind;
use domain::revocation::Target;
use domain::service::Release;
use domain::state::State;
use domain::testing::{Cast, World};
use domain::time::{Millis, Span};

use crate::walks::Step;

/// Says no to every rate when `full`.
struct Counters {
    full: bool,
}

impl Limits for Counters {
    fn take(&self, _grant: GrantId, _rate: Rate) -> Result<Left, Span> {
        match self.full {
            true => Err(Span::SECOND),
            false => Ok(Left { calls: 1, reset: Span::SECOND }),
        }
    }
}

/// Everything that admission asks, one question after the other, with nothing clever.
fn reference(state: &State, call: &Call, clock: Clock, full: bool) -> &'static str {
    let Some(presented) = call.presented else { return "unknown" };
    if clock.proven >= state.settings().staleness {
        return "stale";
    }
    let now = Millis(clock.now.0.max(state.at().0));
    let token = state
        .tokens
        .iter()
        .find(|(id, token)| **id == presented.token && token.hash == presented.hash);
    let Some((_, token)) = token else { return "unknown" };
    let (_, grant) = state.grants.iter().find(|(id, _)| **id == token.grant).unwrap();
    let (_, request) = state.requests.iter().find(|(id, _)| **id == grant.request).unwrap();
    let asked = &request.asked;
    let (_, service) = state.services.iter().find(|(id, _)| **id == asked.service).unwrap();
    let (_, owner) = state.people.iter().find(|(id, _)| **id == asked.owner).unwrap();
    let stopped = matches!(service.release, Release::Suspended | Release::Approved);
    if token.revoked.is_some() || grant.revoked.is_some() || stopped || owner.offboarded.is_some() {
        return "revoked";
    }
    let answers = owner.responsible.last().and_then(|id| state.people.get(id));
    if owner.kind == Kind::Workload && answers.is_none_or(|person| person.offboarded.is_some()) {
        return "no-responsible";
    }
    if [&token.fuse, &grant.fuse, &service.fuse].iter().any(|fuse| fuse.until.0 <= now.0) {
        return "expired";
    }
    if !asked.addresses.is_empty() && !asked.addresses.iter().any(|range| range.contains(call.peer))
    {
        return "address";
    }
    if service.name != call.service || asked.environment != call.environment {
        return "out-of-scope";
    }
    let table = state.materials().operations(&grant.operations).unwrap();
    let matches = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) =
            (template.split('/').collect(), call.path.split('/').collect());
        template.len() == path.len()
            && template
                .iter()
                .zip(&path)
                .all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
    };
    let method = |method: Method| {
        method == call.method || (call.method == Method::Head && method == Method::Get)
    };
    let found = table.operations.operations().iter().find(|o| method(o.method) && matches(&o.path));
    match found {
        Some(operation) if asked.scopes.contains(&operation.scope) => {}
        _ => return "out-of-scope",
    }
    match grant.rate {
        Some(_) if full => "limited",
        _ => "admitted",
    }
}

/// That both say the same of a few calls with every token that there is.
pub fn agrees(world: &World, (a, b, c, d): Step) {
    let state = world.state();
    let unknown = TokenId(u128::from(a));
    let tokens: Vec<_> = state.tokens.keys().copied().chain([unknown]).collect();
    for token in tokens {
        let methods = [Method::Get, Method::Post, Method::Head, Method::Delete];
        let paths = ["/parcels", "/parcels/7", "/labels", "/keys", "/parcels/7/x", "/", "/nothing"];
        let name = format!("service-{}", c % 3);
        let method = methods[usize::from(b % 4)];
        let mut call = World::call(token, &name, method, paths[usize::from(d % 7)]);
        call.environment = ["production", "sandbox"][usize::from(d / 7 % 8 == 0)].to_owned();
        if a % 16 == 0 {
            call.presented = None;
        }
        let clock = Clock {
            now: Millis(world.now.0 - u64::from(b % 2) * 1_000_000),
            proven: Span(if c % 16 == 0 { 60_000 } else { 59_999 }),
        };
        let limits = Counters { full: d % 5 == 0 };
        let expected = reference(state, &call, clock, limits.full);
        let answer = admission::admit(state, call.clone(), clock, &limits);
        let said = answer.as_ref().map_or_else(Denied::code, |_| "admitted");
        assert_eq!(said, expected, "{call:?}");
        if let Ok(permit) = answer {
            assert_eq!((permit.size(), permit.token()), (state.size(), token));
            assert!(permit.recheck(state, clock).is_ok());
        }
    }
}

#[test]
fn every_denial_has_its_code_status_and_words() {
    let mut world = World::new();
    let Cast { bob, .. } = world.cast();
    let service = world.canary("parcels");
    let mut asked = world.asked(&bob, service, &["parcels:read"], 30);
    asked.addresses = vec!["10.0.0.0/8".parse().unwrap()];
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    let grant = world.grant(request).unwrap();
    let token = world.claim(&bob, grant).unwrap();
    let inside: IpAddr = "10.1.2.3".parse().unwrap();
    let call =
        |path: &str| Call { peer: inside, ..World::call(token, "parcels", Method::Get, path) };
    let (fresh, plain) = (Span::SECOND, call("/parcels"));
    let ask = |call: &Call, proven, full| {
        let clock = Clock { now: world.now, proven };
        admission::admit(world.state(), call.clone(), clock, &Counters { full }).map(|_| ())
    };
    assert_eq!(ask(&plain, fresh, false), Ok(()));

    let nobody = Call { presented: None, ..plain.clone() };
    let outside = Call { peer: "192.0.2.1".parse().unwrap(), ..plain.clone() };
    let elsewhere = Call { service: "labels".to_owned(), ..plain.clone() };
    let mut guess = plain.clone();
    guess.presented.as_mut().unwrap().hash.0[0] ^= 1;
    let unknown = "no token that this gateway knows was shown";
    let not_granted = "`labels` needs the scope `labels:read`, which was not granted";
    for (call, proven, full, code, status, words) in [
        (nobody, fresh, false, "unknown", 401, unknown),
        (guess, fresh, false, "unknown", 401, unknown),
        (
            plain.clone(),
            Span::MINUTE,
            false,
            "stale",
            503,
            "this gateway's view of the ledger is too old",
        ),
        (outside, fresh, false, "address", 403, "the token is bound to other addresses"),
        (
            elsewhere,
            fresh,
            false,
            "out-of-scope",
            403,
            "the token is for another service or environment",
        ),
        (
            call("/nothing"),
            fresh,
            false,
            "out-of-scope",
            403,
            "the API's document has no such operation",
        ),
        (call("/labels"), fresh, false, "out-of-scope", 403, not_granted),
        (plain, fresh, true, "limited", 429, "the limit of 60/m is used up"),
    ] {
        let denied = ask(&call, proven, full).unwrap_err();
        assert_eq!((denied.code(), denied.status()), (code, status));
        assert_eq!(denied.to_string(), words);
    }
    world.revoke(&bob, Target::Token(token)).unwrap();
    let denied = world.admit(call("/parcels")).unwrap_err();
    assert_eq!((denied.code(), denied.status()), ("revoked", 401));
    assert_eq!(denied.to_string(), "the token is revoked");
}

#[test]
fn a_slow_clock_lets_nothing_live_longer_than_the_ledger_says() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let token = world.token(&bob, service, &["parcels:read"]);
    let yesterday = world.now;
    world.wait(Span::days(30));
    world.vendor();
    let clock = Clock { now: yesterday, proven: Span::SECOND };
    let call = World::call(token, "parcels", Method::Get, "/parcels");
    let denied = admission::admit(world.state(), call, clock, &Counters { full: false });
    assert_eq!(denied.unwrap_err().code(), "expired");
}
