//! A state is read; only a draft changes one.
//~ error[E0596]: cannot borrow data in dereference of `State` as mutable
//~ error[E0594]: cannot assign to data in dereference of `State`
use domain::id::TokenId;
use domain::state::State;

pub fn edit(mut state: State, token: TokenId) -> State {
    state.tokens.remove(&token);
    state.policy = None;
    state
}
