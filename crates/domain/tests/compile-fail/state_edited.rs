//! A state is read; only a draft changes one.
use domain::id::TokenId;
use domain::state::State;

fn edit(mut state: State, token: TokenId) -> State {
    state.tokens.remove(&token);
    state.policy = None;
    state
}

fn main() {}
