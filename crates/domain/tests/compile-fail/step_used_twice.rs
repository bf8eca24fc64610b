//! A step is absorbed once.
//~ error[E0382]: use of moved value: `step`
use domain::step::{Draft, Step};

pub fn twice(draft: &mut Draft, step: Step) {
    draft.absorb(step).ok();
    draft.absorb(step).ok();
}
