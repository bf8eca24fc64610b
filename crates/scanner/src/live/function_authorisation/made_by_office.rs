//! What only an administrator may make, and a plain user deletes all the same.

use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::client::WireError;
use crate::live::likeness::tells_of_error;
use crate::live::scan::Scan;
use crate::live::world::{Object, World};
use crate::report::Exchange;

/// An operation that was asked, with the proof where it did what it must not.
pub(super) type Asked = (String, Option<Vec<Exchange>>);

/// Asks A to delete each thing that the administrator made and that plain users were refused to make.
pub(super) async fn ask(scan: &Scan<'_>, world: &World) -> Result<Vec<Asked>, WireError> {
    let mut asked = Vec::new();
    let made =
        world.objects().iter().filter(|one| one.owner == Who::Admin && one.made_by.is_some());
    for object in made {
        for operation in &scan.document.operations {
            let deletes = operation.method == Method::Delete;
            let known = asked.iter().any(|(label, _): &Asked| *label == operation.label());
            let leads = object.inputs(scan, operation).is_some();
            if deletes && leads && !known && !operation.is_public() {
                asked.push((operation.label(), act(scan, world, operation, object).await?));
            }
        }
    }
    Ok(asked)
}

/// A deletes a fresh object of the administrator's, who then looks for it.
async fn act(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    object: &Object,
) -> Result<Option<Vec<Exchange>>, WireError> {
    let Some(fresh) = world.again(scan, object, &[]).await? else { return Ok(None) };
    let Some(place) = fresh.inputs(scan, operation) else { return Ok(None) };
    let Some(before) = world.look(scan, &fresh, Who::Admin).await?.filter(|look| look.there) else {
        return Ok(None);
    };
    let attack = scan.written(operation, &place).with(scan.credential(Who::A).await);
    let attack = scan.send(&attack).await?;
    let Some(after) = world.look(scan, &fresh, Who::Admin).await? else { return Ok(None) };
    let Some(sibling) = world.look(scan, object, Who::Admin).await? else { return Ok(None) };
    let done = attack.is_success() && !tells_of_error(&attack);
    let told = matches!(after.reply.status, 200..=299 | 404 | 410);
    let gone = !after.there && told && sibling.there;
    let proof = vec![before.reply.exchange.clone(), attack.exchange, after.reply.exchange.clone()];
    Ok((done && gone).then_some(proof))
}
