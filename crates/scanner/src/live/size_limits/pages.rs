//! Pages: a small size that is kept shows that the parameter is heard; a huge one shows its bound.

use std::sync::Arc;

use super::Found;
use super::flaws::PAGE;
use crate::api::{Operation, Put};
use crate::live::Gap;
use crate::live::call::Inputs;
use crate::live::injection::probe::items;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::asking::{bound, is_size};
use crate::live::world::{Case, Change, Spot, World};

/// What is asked for, and what counts as a page that nobody bounded.
const HUGE: u64 = 1_000_000;
const MANY: usize = 1_000;
/// Below this the whole may simply be small.
const LEAST_TELLING: usize = 100;

pub async fn look(scan: &Scan<'_>, world: &World) -> Result<Found, Gap> {
    let mut found = Found::default();
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let parameter = operation.at_place(Put::Query).find(|one| is_size(one.name));
        let reading = parameter.filter(|_| operation.method.is_safe());
        let (Some(parameter), Some(own)) = (reading, fullest(world, index)) else { continue };
        let Some(case) = larger(scan, own, operation).await? else { continue };
        let case = &case;
        let Some(small) = page(scan, case, parameter.name, 2).await? else { continue };
        let Some(huge) = page(scan, case, parameter.name, HUGE).await? else { continue };
        // A list that does not hear the parameter has no pages.
        let heard = small.1 <= 2 && huge.1 > small.1;
        found.asked += usize::from(heard || huge.0.status == 400);
        if !heard || !is_unbounded(huge.1, bound(parameter)) {
            continue;
        }
        // A bound that lies just there would cut one more than it gives.
        let Some(exact) = page(scan, case, parameter.name, huge.1 as u64 - 1).await? else {
            continue;
        };
        if exact.1 + 1 != huge.1 {
            continue;
        }
        let evidence = vec![small.0.exchange, huge.0.exchange];
        let mut finding = PAGE.found(Some(operation.label()), evidence).of_shape(parameter.name);
        finding.why = format!("{} Given: {} items.", finding.why, huge.1);
        found.findings.push(finding);
    }
    Ok(found)
}

/// The case of an operation that shows most: whoever it was for.
fn fullest(world: &World, index: usize) -> Option<&Case> {
    let cases = world.cases().iter().filter(|case| case.operation == index);
    cases.max_by_key(|case| case.reply.json().as_ref().and_then(items))
}

/// The case, or the same operation on what the document gives as an example, where that shows more.
async fn larger(
    scan: &Scan<'_>,
    case: &Case,
    operation: &Operation<'_>,
) -> Result<Option<Case>, Gap> {
    let inputs = Inputs::of_document(&scan.document, operation);
    if !operation.is_templated() || inputs.path == case.inputs.path {
        return Ok(Some(case.clone()));
    }
    let request = scan.written(operation, &inputs).with(case.request.credential.clone());
    let reply = match scan.send(&request).await {
        Ok(reply) => Arc::new(reply),
        Err(error) if error.is_final() => return Err(Gap::from(&error)),
        Err(_) => return Ok(Some(case.clone())),
    };
    let count = |reply: &Reply| reply.json().as_ref().and_then(items);
    let more = reply.is_success() && count(&reply) > count(&case.reply);
    let shown = Case { inputs, request, reply, object: None, ..case.clone() };
    Ok(Some(if more { shown } else { case.clone() }))
}

async fn page(
    scan: &Scan<'_>,
    case: &Case,
    name: &str,
    size: u64,
) -> Result<Option<(Reply, usize)>, Gap> {
    let change = Change::new(Spot::Query(name.to_owned()), size);
    match scan.send(&case.request(scan, &[change])).await {
        Ok(reply) => {
            let count = reply.json().as_ref().and_then(items);
            Ok(Some((reply, count.unwrap_or(0))))
        }
        Err(error) if error.is_final() => Err(Gap::from(&error)),
        Err(_) => Ok(None),
    }
}

/// More than the document allows; or more than any program gives without a bound of its own: a
/// bound is a round number, and the whole of a table mostly is not.
fn is_unbounded(count: usize, documented: Option<usize>) -> bool {
    let round = count.is_multiple_of(50) || count.is_power_of_two();
    documented.is_some_and(|most| count > most)
        || count > MANY
        || (count > LEAST_TELLING && !round && documented != Some(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_number_is_a_bound_and_the_whole_of_a_table_is_not() {
        assert!(is_unbounded(261, None) && is_unbounded(1_200, None) && is_unbounded(60, Some(50)));
        for bounded in [100, 250, 256, 500, 1_000, 99, 3] {
            assert!(!is_unbounded(bounded, None), "{bounded}");
        }
        assert!(!is_unbounded(123, Some(123)));
    }
}
