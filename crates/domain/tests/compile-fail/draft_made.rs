//! A draft stands on a published state.
use domain::state::State;
use domain::step::Draft;

fn forge(state: State) -> Draft {
    Draft { state }
}

fn main() {}
