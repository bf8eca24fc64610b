//! What a change leaves as it is while the scan learns: the names and passwords that let it in, rights, and
//! what its objects are found by.

use serde_json::Value;

use super::{Filled, Learner};
use crate::api::{Method, Operation};
use crate::live::actor::{Who, is_password};
use crate::live::call::Inputs;
use crate::live::invent::{Marker, keep_names, words};
use crate::live::world::facts;

/// Words of pages about the caller, and of changes of what a caller is called.
const PAGES: [&str; 12] = [
    "me",
    "profile",
    "account",
    "self",
    "session",
    "user",
    "email",
    "mail",
    "login",
    "username",
    "settings",
    "preferences",
];

impl<'a> Learner<'_, 'a> {
    /// True if the path names the caller.
    pub(super) fn is_about(&self, operation: &Operation<'a>, inputs: &Inputs, who: Who) -> bool {
        inputs.path.last().is_some_and(|(name, value)| {
            let own = self.names_of(who).iter().any(|(_, name)| name == value);
            let before = operation.path.split(&format!("/{{{name}}}")).next().unwrap_or_default();
            let (place, kind) = (facts::normal(before), facts::kind(before));
            own && (value.len() > 1 || self.listed_self(&place, name, &kind, who).is_some())
        })
    }

    /// Takes out of a change of the caller itself what would change who may come in, and as what.
    pub(super) fn spare(&self, operation: &Operation<'a>, inputs: &mut Inputs, who: Who) {
        let said = operation.path.split('/').chain(operation.id).flat_map(words);
        let page = said.into_iter().any(|word| PAGES.contains(&word.as_str()));
        let named = inputs.body.as_ref().is_some_and(has_password);
        let own =
            page || self.is_about(operation, inputs, who) || named && !operation.is_templated();
        let Some(body) = inputs.body.as_mut().filter(|_| own) else { return };
        take_no_rights(body);
        let given = self.scan.actors().known(who).is_some_and(|actor| !actor.is_made());
        // Nobody gets another password while the scan logs in.
        if given || named {
            keep_login(body, &self.called(who));
        }
    }

    /// True for an operation whose mended requests are spared as well: what changes and makes nothing.
    pub(super) fn changes(&self, index: usize) -> bool {
        let operation = self.scan.document.operations.get(index);
        let acts = operation
            .is_some_and(|one| matches!(one.method, Method::Post | Method::Put | Method::Patch));
        acts && !self.creates(index)
    }

    /// A title that an address is made of stays what it is in a change, if anything else is free to
    /// change: under another address nothing that was learned before would lead there.
    pub(super) fn keep_named(&self, filled: &mut Filled, marker: &Marker) {
        let object = filled.object.and_then(|at| self.world.objects.get(at));
        let (Some(object), Some((_, id))) = (object, filled.inputs.path.last()) else { return };
        let Some(body) = &mut filled.inputs.body else { return };
        let mut kept = body.clone();
        keep_names(id, &object.record, &mut kept);
        if marker.is_in(&kept.to_string()) {
            *body = kept;
        }
    }

    /// What was cancelled or closed is of no use for what comes later: where a change has words of its
    /// own, it leaves the state alone.
    pub(super) fn keep_state(filled: &mut Filled, marker: &Marker) {
        let Some(body) = &mut filled.inputs.body else { return };
        if marker.is_in(&body.to_string())
            && let Some(members) = body.as_object_mut()
        {
            members.retain(|name, _| !matches!(name.as_str(), "status" | "state"));
        }
    }

    /// What the caller is called, with what lists of people say of the one of that name.
    fn called(&self, who: Who) -> Vec<(String, String)> {
        let mut names = self.names_of(who);
        let own = |value: &Value| {
            let text = facts::scalar(value).filter(|text| text.len() > 2);
            text.is_some_and(|text| names.iter().any(|(key, name)| key != "id" && *name == text))
        };
        let mut mailed = self.known.iter().filter(|one| one.record.contains_key("email"));
        let listed = mailed.find(|one| one.record.values().any(own));
        let mail = listed.and_then(|one| facts::scalar(one.record.get("email")?));
        names.extend(mail.filter(|mail| mail.contains('@')).map(|mail| ("email".to_owned(), mail)));
        names
    }
}

/// Nobody makes itself an administrator while the scan learns what others may do.
fn take_no_rights(body: &mut Value) {
    let Some(members) = body.as_object_mut() else { return };
    members.retain(|name, value| value.is_object() || !facts::is_right(name));
    members.values_mut().for_each(take_no_rights);
}

fn has_password(body: &Value) -> bool {
    body.as_object().is_some_and(|members| {
        members.iter().any(|(name, value)| is_password(name) || has_password(value))
    })
}

/// An account that was given must open with its own name and password afterwards as well: what it
/// is called stays where that is known, and is not sent where it is not.
fn keep_login(body: &mut Value, names: &[(String, String)]) {
    let Some(members) = body.as_object_mut() else { return };
    let own = |name: &str| {
        let fits = |value: &str| name != "email" || value.contains('@');
        let mut known = names.iter().filter(|(key, value)| key == name && fits(value));
        known.next_back().map(|(_, value)| Value::from(value.as_str()))
    };
    for (name, value) in members.iter_mut().filter(|(_, value)| value.is_string()) {
        if let Some(own) = own(name) {
            *value = own;
        }
    }
    members.retain(|name, value| {
        let lower = name.to_ascii_lowercase();
        let login = ["username", "login", "email", "mail"].iter().any(|word| lower.contains(word));
        let kept = login && own(name).as_ref() == Some(value);
        kept || !(login || crate::live::actor::is_password(name)) || value.is_object()
    });
    members.values_mut().for_each(|value| keep_login(value, names));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_of_oneself_keeps_name_password_and_rights() {
        let names = [("email".to_owned(), "anna@example.com".to_owned())];
        let mut body = json!({"user": {"email": "pcl@example.com", "password": "new", "bio": "pcl", "admin": true}});
        assert!(has_password(&body));
        take_no_rights(&mut body);
        keep_login(&mut body, &names);
        assert_eq!(body, json!({"user": {"email": "anna@example.com", "bio": "pcl"}}));
    }
}
