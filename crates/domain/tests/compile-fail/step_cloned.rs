//! A step is absorbed once.
use domain::step::{Draft, Step};

fn twice(draft: &mut Draft, step: Step) {
    draft.absorb(step).ok();
    draft.absorb(step).ok();
}

fn copy(step: &Step) -> Step {
    step.clone()
}

fn main() {}
