//! Policies from files, each with what it says of a few requests, or why it is refused.

use std::collections::BTreeSet;
use std::path::Path;

use domain::digest::Digest;
use domain::id::{PersonId, ServiceId};
use domain::people::Kind;
use domain::policy::{Decision, Facts, Outcome, Rules, ScopeFacts};
use domain::refusal::{Code, Refusal};
use domain::time::{Millis, Span};

const NOW: Millis = domain::testing::START;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies")
}

fn read(name: &str) -> Result<Rules, Refusal> {
    let bytes = std::fs::read(folder().join(format!("{name}.cedar"))).unwrap();
    let rules = Rules::read(&bytes)?;
    rules.validate().map(|()| rules)
}

fn facts() -> Facts {
    Facts {
        addresses: false,
        demo: false,
        kind: Kind::Human,
        owner: Kind::Human,
        person: PersonId(1),
        roles: Vec::new(),
        per_minute: None,
        environment: "production".to_owned(),
        sandbox: false,
        service: ServiceId(1),
        name: "parcels".to_owned(),
        vendor: "vnd_1".to_owned(),
        stage: "wide",
        data: vec!["personal"],
        scopes: vec![scope("parcels:read", false)],
        now: NOW,
        until: NOW.after(Span::days(30)),
        sandboxes: vec!["sandbox".to_owned()],
    }
}

fn scope(name: &str, sensitive: bool) -> ScopeFacts {
    ScopeFacts { name: name.to_owned(), administration: false, sensitive, writes: sensitive }
}

fn administration(name: &str) -> ScopeFacts {
    ScopeFacts { administration: true, ..scope(name, true) }
}

fn sensitive() -> Facts {
    Facts { scopes: vec![scope("parcels:write", true)], ..facts() }
}

fn decide(name: &str, facts: &Facts) -> Decision {
    read(name).unwrap().decide(Digest::of(name.as_bytes()), facts).unwrap()
}

#[test]
fn every_file_has_its_case() {
    let files = std::fs::read_dir(folder()).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let decided = ["grant", "review", "deny", "erring", "nothing"].map(str::to_owned);
    let refused = REFUSED.map(|(name, _, _)| format!("refused-{name}"));
    assert_eq!(files, decided.into_iter().chain(refused).collect());
}

#[test]
fn a_grant_is_bound_by_the_tightest_of_what_determines_it() {
    let alone = decide("grant", &facts());
    assert_eq!(
        (alone.outcome, alone.policies.as_slice()),
        (Outcome::Grant, &["reads".to_owned()][..])
    );
    assert_eq!(alone.bounds.life, Span::days(30));
    assert_eq!(alone.bounds.rate.unwrap().to_string(), "600/m");
    assert_eq!((alone.reviewers, alone.smaller), (None, None));

    let both = decide("grant", &Facts { roles: vec!["security".to_owned()], ..facts() });
    assert_eq!(both.policies, ["reads", "security's reads"]);
    assert_eq!(both.bounds.life, Span::days(30));
    assert_eq!(both.bounds.rate.unwrap().to_string(), "60/m");
}

#[test]
fn what_no_policy_grants_goes_to_people() {
    let long = Facts { until: NOW.after(Span::days(61)), ..facts() };
    for decision in [decide("grant", &long), decide("nothing", &facts())] {
        assert_eq!(decision.outcome, Outcome::Review);
        assert_eq!(decision.reviewers.unwrap().to_string(), "security");
    }
}

#[test]
fn reviewers_are_those_that_the_policies_name() {
    let one = decide("review", &sensitive());
    assert_eq!(one.reviewers.unwrap().to_string(), "(security and 2 × privacy)");
    assert_eq!(one.bounds.life, Span::days(7));
    let two = decide("review", &Facts { data: vec!["health"], ..sensitive() });
    assert_eq!(two.policies, ["health", "writes"]);
    let all = two.reviewers.unwrap().to_string();
    assert_eq!(all, "(health-officer and (security and 2 × privacy))");
}

#[test]
fn a_denial_names_its_rule_its_advice_and_the_smaller_request() {
    let until = NOW.after(Span::days(200));
    let long = decide("deny", &Facts { until, ..facts() });
    assert_eq!((long.outcome, long.policies.as_slice()), (Outcome::Deny, &["long".to_owned()][..]));
    assert_eq!(read("deny").unwrap().advice("long"), Some("ask for at most 90 days"));
    let smaller = long.smaller.unwrap();
    assert_eq!((smaller.outcome, smaller.until), (Outcome::Grant, NOW.after(Span::days(90))));
    assert_eq!((smaller.environment.as_str(), smaller.scopes.len()), ("production", 1));

    let admin = administration("keys:admin");
    let mixed = Facts { scopes: vec![admin.clone(), facts().scopes[0].clone()], ..facts() };
    let smaller = decide("deny", &mixed).smaller.unwrap();
    assert_eq!(
        (smaller.scopes.as_slice(), smaller.until),
        (&["parcels:read".to_owned()][..], mixed.until)
    );

    let only = Facts { scopes: vec![admin], ..facts() };
    let smaller = decide("deny", &only).smaller.unwrap();
    assert_eq!(
        (smaller.environment.as_str(), smaller.scopes.as_slice()),
        ("sandbox", &["keys:admin".to_owned()][..])
    );

    let never = Facts { owner: Kind::Workload, ..facts() };
    assert_eq!(decide("deny", &never).smaller, None);
    assert_eq!(decide("deny", &Facts { addresses: true, ..never }).outcome, Outcome::Grant);
}

#[test]
fn the_search_for_the_smaller_request_ends() {
    let scopes = (0..128).map(|n| administration(&format!("s{n:03}"))).collect();
    let sandboxes = (0..16).map(|n| format!("sandbox-{n}")).collect();
    let wide = Facts {
        owner: Kind::Workload,
        scopes,
        sandboxes,
        until: NOW.after(Span::days(200)),
        ..facts()
    };
    assert_eq!(decide("deny", &wide).smaller, None);
}

#[test]
fn an_erring_policy_sends_the_request_to_people() {
    let decision = decide("erring", &facts());
    assert_eq!(decision.outcome, Outcome::Review);
    assert_eq!(decision.reviewers.unwrap().to_string(), "security");
}

/// Files that are refused, with the code and words of the answer.
const REFUSED: [(&str, Code, &str); 11] = [
    (
        "annotation",
        Code::Invalid,
        "`@owner` is unknown; there are @id, @life, @rate, @reviewers and @advice",
    ),
    ("attribute", Code::Invalid, "nothing"),
    ("action", Code::Invalid, "delete"),
    ("no-id", Code::Invalid, "a policy has no id; put `@id(\"…\")` in front of it"),
    ("two-of-one-id", Code::Exists, "two policies have the id `x`"),
    ("template", Code::Invalid, "templates are not supported"),
    ("life", Code::Invalid, "a life is from 1m to 400d"),
    ("rate", Code::Invalid, "`0/1m` is not a rate"),
    ("reviewers", Code::Invalid, "human review is never removed"),
    ("reserved-id", Code::Invalid, "a policy has no id"),
    ("text", Code::Invalid, "not Cedar"),
];

#[test]
fn what_cannot_be_meant_is_refused() {
    for (name, code, words) in REFUSED {
        let refusal = read(&format!("refused-{name}")).map(|_| ()).unwrap_err();
        assert!(refusal.has(code) && refusal.to_string().contains(words), "{name}: {refusal}");
    }
}

#[test]
fn a_policy_sees_whether_an_operation_may_change_something() {
    let text = br#"@id("reading") permit(principal, action == Action::"grant", resource)
        when { !context.writes };"#;
    let rules = Rules::read(text).unwrap();
    rules.validate().unwrap();
    let outcome =
        |scopes| rules.decide(Digest::of(text), &Facts { scopes, ..facts() }).unwrap().outcome;
    let writing = ScopeFacts { writes: true, ..scope("parcels:read", false) };
    assert_eq!(outcome(vec![scope("parcels:read", false)]), Outcome::Grant);
    assert_eq!(outcome(vec![scope("parcels:read", false), writing]), Outcome::Review);
}
