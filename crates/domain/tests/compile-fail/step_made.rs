//! Only `check` makes a step.
//~ error[E0451]: fields `entry`, `genesis`
use domain::entry::Entry;
use domain::step::Step;

pub fn forge(entry: Entry) -> Step {
    Step { entry, genesis: None, size: 0, claims: Vec::new(), keep: Vec::new() }
}
