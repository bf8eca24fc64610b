//! Decisions a second under sets of 10, 100 and 1,000 policies, each parsed once.

use std::fmt::Write as _;

use domain::digest::Digest;
use domain::policy::{Facts, Outcome, Rules};
use domain::testing::World;

use crate::measure::{Stopwatch, row, whole};

/// A policy that grants, and others about other services, half of which forbid.
fn text(policies: usize) -> String {
    let mut text = String::from(
        "@id(\"reads\") @life(\"30d\")\npermit(principal, action == Action::\"grant\", resource) \
         when { !context.sensitive && context.days <= 60 };\n",
    );
    for number in 1..policies {
        let (effect, action) =
            if number % 2 == 0 { ("permit", "review") } else { ("forbid", "ask") };
        writeln!(
            text,
            "@id(\"p{number}\")\n{effect}(principal, action == Action::\"{action}\", resource) when {{ \
             resource.name == \"other-{number}\" && context.days > {} && \
             principal.roles.contains(\"team-{number}\") }};",
            number % 90
        )
        .unwrap();
    }
    text
}

pub fn decide_under(sizes: &[usize]) {
    let mut world = World::new();
    world.replayed = false;
    let bob = world.cast().bob;
    let service = world.wide("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 30);
    println!("decisions by Cedar, policies parsed once, facts new each time");
    for size in sizes {
        let rules = Rules::read(text(*size).as_bytes()).unwrap();
        let facts = Facts::of(world.state(), bob.id, &asked, world.now).unwrap();
        let digest = Digest::of(b"policy");
        let rounds = 20_000 / size.max(&10) + 20;
        let watch = Stopwatch::start();
        for _ in 0..rounds {
            assert_eq!(rules.decide(digest, &facts).unwrap().outcome, Outcome::Grant);
        }
        let seconds = watch.seconds();
        let figure = format!("{} /s", whole(rounds as f64 / seconds));
        row(&format!("under {} policies", whole(*size as f64)), &figure, "");
    }
}
