//! A draft is never put together by hand.
//~ error[E0451]: field `state` of struct `Draft` is private
use domain::state::State;
use domain::step::Draft;

pub fn forge(state: State) -> Draft {
    Draft { state }
}
