//! B deletes a fresh object of A; A's own answers before and after tell, beside a sibling left alone.

use super::{Deed, Outcome, Seen, is_person};
use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::client::WireError;
use crate::live::scan::Scan;
use crate::live::world::object::{Look, fields};
use crate::live::world::{Object, World};

/// How A saw both objects, before and after B deleted one of them.
pub(super) struct Deleted {
    pub before: Look,
    pub after: Look,
    pub sibling_before: Look,
    pub sibling_after: Look,
    pub attack: crate::report::Exchange,
}

/// Asks every operation that deletes an object that A can create.
pub(super) async fn ask(
    scan: &Scan<'_>,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    let world = scan.world().await;
    for operation in scan.document.operations.iter().filter(|one| one.method == Method::Delete) {
        let mut mine =
            world.objects().iter().filter(|one| one.owner == Who::A && one.made_by.is_some());
        let sibling = mine.find(|object| object.inputs(scan, operation).is_some());
        let Some(sibling) = sibling.filter(|_| !operation.is_public()) else { continue };
        if is_person(world, sibling) {
            continue;
        }
        let outcome = delete(scan, world, operation, sibling).await?;
        seen.note_of(lists, sibling, (Deed::Delete, operation.label(), outcome));
    }
    Ok(())
}

async fn delete(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    sibling: &Object,
) -> Result<Outcome, WireError> {
    let undecided = |why: &str| Ok(Outcome::Undecided(why.to_owned()));
    let Some(fresh) = world.again(scan, sibling, &[]).await? else {
        return undecided("a second object of A could not be created");
    };
    let Some(inputs) = fresh.inputs(scan, operation) else {
        return undecided("the second object of A has no id");
    };
    let (Some(before), Some(sibling_before)) =
        (world.look(scan, &fresh, Who::A).await?, world.look(scan, sibling, Who::A).await?)
    else {
        return by_refusal(scan, operation, &fresh, sibling).await;
    };
    let attack = scan.written(operation, &inputs).with(scan.credential(Who::B).await);
    let attack = scan.send(&attack).await?.exchange;
    let (Some(after), Some(sibling_after)) =
        (world.look(scan, &fresh, Who::A).await?, world.look(scan, sibling, Who::A).await?)
    else {
        return undecided("nothing shows the object to A");
    };
    Ok(judge(&Deleted { before, after, sibling_before, sibling_after, attack }))
}

/// Where nothing shows the object, its owner's own attempt to delete it tells whether it is there.
async fn by_refusal(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    fresh: &Object,
    sibling: &Object,
) -> Result<Outcome, WireError> {
    let (Some(first), Some(second)) =
        (fresh.inputs(scan, operation), sibling.inputs(scan, operation))
    else {
        return Ok(Outcome::Undecided("nothing shows the object to A".to_owned()));
    };
    let attack = scan.written(operation, &first).with(scan.credential(Who::B).await);
    let attack = scan.send(&attack).await?;
    let own = scan.credential(Who::A).await;
    let after = scan.send(&scan.written(operation, &first).with(own.clone())).await?;
    let control = scan.send(&scan.written(operation, &second).with(own)).await?;
    let proven = attack.is_success() && control.is_success() && matches!(after.status, 404 | 410);
    Ok(match proven {
        true => Outcome::Open(vec![control.exchange, attack.exchange, after.exchange]),
        false => Outcome::Closed,
    })
}

pub(super) fn judge(deleted: &Deleted) -> Outcome {
    let Deleted { before, after, sibling_before, sibling_after, .. } = deleted;
    if !before.there || !sibling_before.there {
        return Outcome::Undecided("A does not see what A has created".to_owned());
    }
    let steady = sibling_after.there && changes(sibling_before, sibling_after).is_empty();
    let gone = !after.there && after.reply.status < 500 && after.reply.status != 429;
    // Some services keep what was deleted and mark it.
    let marked = after.there && changes(before, after).iter().any(|name| !is_clock(name));
    match (gone || marked, steady) {
        (false, _) => Outcome::Closed,
        (true, false) => {
            Outcome::Undecided("an object that B had left alone changed as well".to_owned())
        }
        (true, true) => Outcome::Open(vec![
            before.reply.exchange.clone(),
            deleted.attack.clone(),
            after.reply.exchange.clone(),
            sibling_after.reply.exchange.clone(),
        ]),
    }
}

fn changes(before: &Look, after: &Look) -> Vec<String> {
    let (before, after) = (fields(&before.text), fields(&after.text));
    let differs =
        before.iter().filter(|(name, value)| after.get(*name) != Some(value) && !is_clock(name));
    differs.map(|(name, _)| name.clone()).collect()
}

fn is_clock(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["updated", "modified", "time", "seen", "views"].iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::live::reply::made::json;

    fn look(there: bool, body: &str) -> Look {
        let reply = Arc::new(json(if there { 200 } else { 404 }, body));
        Look { there, text: body.to_owned(), reply }
    }

    fn judged(after: Look, sibling_after: Look) -> Outcome {
        let open = || look(true, r#"{"id": 1, "status": "open"}"#);
        let attack = json(204, "").exchange;
        judge(&Deleted { before: open(), after, sibling_before: open(), sibling_after, attack })
    }

    #[test]
    fn gone_or_marked_beside_a_steady_sibling_is_open() {
        let open = || look(true, r#"{"id": 1, "status": "open"}"#);
        assert!(matches!(judged(look(false, "{}"), open()), Outcome::Open(_)));
        assert!(matches!(
            judged(look(true, r#"{"id": 1, "status": "cancelled"}"#), open()),
            Outcome::Open(_)
        ));
        assert!(matches!(judged(open(), open()), Outcome::Closed));
        assert!(matches!(judged(look(false, "{}"), look(false, "{}")), Outcome::Undecided(_)));
    }
}
