//! Everything that may be done with a state, a draft and a step from outside.
use domain::entry::Entry;
use domain::material::Materials;
use domain::refusal::Refusal;
use domain::state::{State, Tables};
use domain::step::{Draft, Step, check};

pub fn append(state: &State, entry: &Entry, materials: &Materials) -> Result<Tables, Refusal> {
    let mut draft = Draft::on(state);
    let step: Step = check(&draft, entry, materials)?;
    draft.absorb(step)?;
    let mut copy: Tables = (**draft.state()).clone();
    copy.grants.clear();
    Ok(copy)
}
