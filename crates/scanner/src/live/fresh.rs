//! Another object like one of our own, for attacks that use it up.

use serde_json::Value;

use crate::live::Gap;
use crate::live::invent::Marker;
use crate::live::likeness::tells_of_error;
use crate::live::scan::Scan;
use crate::live::world::{Object, World, facts};

/// Repeats the request that made an object, under another name. `None` if it cannot be repeated.
pub async fn fresh(scan: &Scan<'_>, world: &World, like: &Object) -> Result<Option<Object>, Gap> {
    let Some(case) = like.made_by.and_then(|index| world.cases().get(index)) else {
        return Ok(None);
    };
    let Some(operation) = scan.document.operations.get(case.operation) else { return Ok(None) };
    let marker = Marker::fresh();
    let renamed = |text: &str| match &like.marker {
        Some(old) => {
            text.replace(&old.text(), &marker.text()).replace(&old.plain(), &marker.plain())
        }
        None => text.to_owned(),
    };
    let mut inputs = case.inputs.clone();
    for list in [&mut inputs.path, &mut inputs.query, &mut inputs.headers] {
        for (_, value) in list.iter_mut() {
            *value = renamed(value);
        }
    }
    let body = inputs
        .body
        .take()
        .map(|body| serde_json::from_str(&renamed(&body.to_string())).unwrap_or(body));
    inputs.body = body;
    let request = scan.written(operation, &inputs).with(case.request.credential.clone());
    let reply = match scan.send(&request).await {
        Ok(reply) => reply,
        Err(error) if error.is_final() => return Err(Gap::from(&error)),
        Err(_) => return Ok(None),
    };
    if !reply.is_success() || tells_of_error(&reply) {
        return Ok(None);
    }
    let mut object = Object { marker: Some(marker.clone()), ..like.clone() };
    for value in object.record.values_mut() {
        if let Value::String(text) = value {
            *text = renamed(text);
        }
    }
    if let Some(record) = reply.json().as_ref().and_then(facts::record) {
        object.record.extend(record);
    } else if let Some(id) = reply.header("location").and_then(facts::located) {
        object.record.insert("id".to_owned(), Value::from(id));
    }
    world.remember(object.clone());
    Ok(Some(object))
}
