//! A draft stands on a state, never on a copy of its tables.
//~ error[E0308]: mismatched types
use domain::state::Tables;
use domain::step::Draft;

pub fn drafted(tables: &Tables) -> Draft {
    Draft::on(tables)
}
