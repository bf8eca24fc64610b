//! Only `check` makes a step.
use domain::entry::Entry;
use domain::step::Step;

fn forge(entry: Entry) -> Step {
    Step { entry, genesis: None, size: 0, claims: Vec::new(), keep: Vec::new() }
}

fn main() {}
