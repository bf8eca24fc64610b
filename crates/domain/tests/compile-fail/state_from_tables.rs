//! A copy of a state's tables can be edited, and never becomes a state.
use domain::state::{State, Tables};
use domain::step::Draft;

fn made(state: &State) -> State {
    let mut tables: Tables = (**state).clone();
    tables.grants.clear();
    State(tables)
}

fn drafted(tables: &Tables) -> Draft {
    Draft::on(tables)
}

fn main() {}
