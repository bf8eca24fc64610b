//! Fields of a request that callers should not set.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Field, Operation, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "mass-assignment-field",
        check: "mass-assignment-field",
        title: "A request takes a field that decides what the caller may do",
        severity: Severity::Info,
        confidence: Confidence::Low,
        why: "If the server stores what it is sent, a caller makes himself an administrator, \
              verified or rich by adding a member. A documented one does not even have to be \
              guessed.",
        fix: "Leave such fields out of what users may send (`readOnly: true`, or a schema of its \
              own), and set them in operations that only administrators may call.",
        owasp: "API3:2023",
        cwe: 915,
    },
    asks: "Can a caller send what only the server should decide?",
    judged: "Writable members of request bodies named like a privilege (`is_admin`, `role` of a \
             user's own account or sign-up), a state that is earned (`email_verified`, \
             `kyc_status`) or money that one has (`balance`, `credits`). Operations below an \
             administrator's path, or whose words say that only administrators may call them, are \
             not counted, nor what words call `Output only` or read-only. Whether the caller may set it cannot be seen \
             here: look at each. Informational: of ten in real documents most were an administrator's.",
    example: "/users/me:\n  patch: {… properties: {name: {…}, is_admin: {type: boolean}}}",
};

/// Decides by itself what somebody may do.
const PRIVILEGE: &[&str] = &[
    "is admin",
    "isadmin",
    "is administrator",
    "is superuser",
    "superuser",
    "is staff",
    "is super admin",
    "superadmin",
    "is root",
    "has admin",
    "admin",
];
/// Is set by a check that the server makes.
const EARNED: &[&str] = &[
    "email verified",
    "is email verified",
    "phone verified",
    "is verified",
    "verified",
    "identity verified",
    "kyc status",
    "kyc verified",
    "is approved",
    "phone number verified",
    "email confirmed",
    "is trusted",
];
/// What somebody has.
const MONEY: &[&str] =
    &["balance", "account balance", "wallet balance", "credit balance", "available balance"];
/// Decides in what concerns the caller's own account.
const ROLE: &[&str] =
    &["role", "roles", "user role", "permissions", "privileges", "access level", "user type"];
/// Paths of the caller's own account.
const OWN: &[&str] =
    &["me", "profile", "register", "registration", "signup", "sign up", "self", "my"];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let above: Vec<bool> = api
        .operations
        .iter()
        .map(|one| purpose::is_administration(one) || is_ordered(one))
        .collect();
    let own = |path: &str| path.split('/').any(|part| Words::of(part).is(OWN).is_some());
    let own: Vec<bool> = api.operations.iter().map(|one| own(one.path)).collect();
    let writes: Vec<bool> = api.operations.iter().map(purpose::is_writing).collect();
    let is = |list: &[bool], number: &u32| list.get(*number as usize).copied().unwrap_or_default();
    for (shape, field) in api.fields(Way::Request).filter(|(_, field)| is_settable(field)) {
        let words = Words::of(field.name);
        let kind =
            [(PRIVILEGE, "a privilege"), (EARNED, "a state that is earned"), (MONEY, "money")];
        let mut kinds = kind.iter().filter(|(_, kind)| *kind != "a privilege" || is_flag(field));
        let named = kinds.find_map(|(list, kind)| words.is(list).map(|_| (*kind, false)));
        let role = || words.is(ROLE).map(|_| ("a role of one's own", true));
        let Some((kind, only_own)) = named.or_else(role) else { continue };
        let reached = shape.requests.iter().filter(|number| {
            is(&writes, number) && !is(&above, number) && (!only_own || is(&own, number))
        });
        let reached: Vec<u32> = reached.copied().collect();
        if !reached.is_empty() {
            found.at(
                format!("{kind}: `{}`", field.name),
                Spot::many(&reached, &field.at).detail(field.path.clone()),
            );
        }
    }
}

/// True for what may say yes or no: a text or a list of that name names somebody.
fn is_flag(field: &Field<'_>) -> bool {
    let node = field.node;
    let made = ["allOf", "anyOf", "oneOf"].iter().any(|key| node.get(key).is_some());
    match node.types()[..] {
        [] => !made,
        _ => ["boolean", "integer"].iter().any(|kind| node.is_type(kind)),
    }
}

/// True if words say that only an administrator may call it.
fn is_ordered(operation: &Operation<'_>) -> bool {
    let text = format!("{} {}", operation.summary, operation.description).to_lowercase();
    let said = [
        "only for admin",
        "only to admin",
        "only admin",
        "admins only",
        "admin only",
        "administrators only",
        "requires admin",
        "must be an admin",
        "must be admin",
    ];
    said.iter().any(|words| text.contains(words))
}

fn is_settable(field: &Field<'_>) -> bool {
    // An object of that name groups other things.
    !field.read_only
        && !field.path.is_empty()
        && !field.path.ends_with(']')
        && !field.node.is_type("object")
        && field.path.matches('.').count() < 2
        && field.node.get("const").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(path: &str, fields: serde_json::Value) -> Vec<String> {
        let body = json!({"content": {"application/json": {"schema": {"properties": fields}}}});
        let paths = json!({path: {"post": {"requestBody": body}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn privileges_states_and_money_are_found() {
        let fields = json!({"isAdmin": {"type": "boolean"}, "email_verified": {"type": "boolean"}, "balance": {"type": "number"}, "role": {"type": "string"}, "name": {"type": "string"}});
        let wanted = [
            "a privilege: `isAdmin` @ POST /users",
            "a state that is earned: `email_verified` @ POST /users",
            "money: `balance` @ POST /users",
        ];
        let mut all = found("/users", fields.clone());
        all.sort();
        assert_eq!(all, wanted);
        assert_eq!(found("/users/me", fields).len(), 4);
    }

    #[test]
    fn what_the_server_keeps_and_administration_are_not() {
        let kept = json!({"is_admin": {"type": "boolean", "readOnly": true}, "admin_email": {"type": "string"}, "admin": {"type": "object"}});
        assert!(found("/users", kept).is_empty());
        let named = json!({"admin": {"type": "string"}, "is_admin": {"type": "boolean", "description": "Output only. Set by us."}});
        assert!(found("/users", named).is_empty());
        let body = json!({"content": {"application/json": {"schema": {"properties": {"admin": {"type": "boolean"}}}}}});
        let told = |words: &str| {
            let paths = json!({"/users": {"post": {"description": words, "requestBody": body}}});
            trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
        };
        assert_eq!(told("Creates a user. Available only for admins."), 0);
        assert_eq!(told("Creates a user."), 1);
        assert!(found("/admin/users", json!({"is_admin": {"type": "boolean"}})).is_empty());
    }
}
