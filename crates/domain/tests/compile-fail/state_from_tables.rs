//! A copy of a state's tables can be edited, and never becomes a state.
//~ error[E0423]: cannot initialize a tuple struct which contains private fields
use domain::state::{State, Tables};

pub fn made(state: &State) -> State {
    let mut tables: Tables = (**state).clone();
    tables.grants.clear();
    State(tables)
}
