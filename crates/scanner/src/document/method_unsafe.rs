//! Reads that change something.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Method, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "method-unsafe",
        check: "method-unsafe",
        title: "A GET changes something",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "Browsers, crawlers, previews and caches send `GET` on their own and again (RFC 9110 \
              §9.2.1): a link in a page or a mail is enough to make the change in the name of \
              whoever is logged in.",
        fix: "Use `DELETE`, `PUT`, `PATCH` or `POST` for what changes something.",
        owasp: "API8:2023",
        cwe: 650,
    },
    asks: "Does a GET do more than read?",
    judged: "`GET` operations whose name or last path segment begins with a word of changing \
             (`delete`, `remove`, `disable`, `reset`, `update` …), or whose summary does (`Toggle …`, \
             `Stop …`). Confirmations and unsubscriptions by a link in a mail are not counted.",
    example: "/users/{id}/delete:\n  get: {operationId: deleteUser}",
};

const CHANGES: &[&str] = &[
    "delete",
    "remove",
    "destroy",
    "purge",
    "erase",
    "revoke",
    "disable",
    "deactivate",
    "reset",
    "ban",
    "suspend",
    "terminate",
    "uninstall",
    "truncate",
    "update",
    "insert",
    "save",
    "create",
    "cancel",
    "enable",
];
/// Begin a change unless a summary tells of a read.
const ACTS: &[&str] = &["toggle", "send", "add", "lock", "unlock", "trigger"];
/// How the summary of a change begins.
const TOLD: &[&str] = &[
    "toggle", "toggles", "delete", "deletes", "remove", "removes", "revoke", "revokes", "stop",
    "stops", "lock", "locks", "unlock", "unlocks", "trigger", "disable", "disables",
];
const MAIL: &[&str] = &[
    "unsubscribe",
    "confirm",
    "confirmation",
    "verify",
    "verification",
    "activate",
    "token",
    "callback",
    "redirect",
    "oauth",
];
/// Words that make a noun of the word before.
const NOUN: &[&str] = &[
    "history",
    "status",
    "info",
    "information",
    "requests",
    "request",
    "list",
    "log",
    "logs",
    "form",
    "options",
    "preview",
    "policy",
    "reason",
    "reasons",
    "time",
    "date",
    "check",
    "events",
    "rule",
    "rules",
    "count",
    "permissions",
    "stats",
    "meta",
    "metadata",
    "template",
    "page",
    "job",
    "jobs",
    "task",
    "tasks",
    "operation",
    "operations",
    "settings",
    "schedule",
    "available",
    "availability",
    "config",
    "configuration",
    "details",
    "result",
    "results",
    "response",
    "schema",
    "summary",
    "url",
    "link",
    "resources",
    "html",
    "diff",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| one.method == Method::Get) {
        if let Some(word) = changes(operation) {
            found.at(format!("`{word}` by GET"), Spot::operation(number, &operation.at));
        }
    }
}

fn changes(operation: &Operation<'_>) -> Option<&'static str> {
    // What generators add.
    let id = operation.id.unwrap_or_default();
    let id = Words::of(id.strip_suffix("UsingGET").unwrap_or(id));
    let last = purpose::last(operation);
    let mailed = [&id, &last].iter().any(|words| words.says(MAIL).is_some());
    let by_name = id.starts(CHANGES).filter(|_| id.are_many() && !is_noun(&id));
    let by_path = last.starts(CHANGES).filter(|_| !is_noun(&last));
    // Generated names begin with a class: `Updates_GetAll`.
    let reads =
        id.says(&["get", "list", "show", "read", "fetch", "find", "is", "has", "can", "check"]);
    let told = by_name.or(by_path).or_else(|| acts(operation, &id, &last));
    told.filter(|_| !mailed && reads.is_none())
}

/// A change that words tell: of the path and name, where the summary tells of no read, or of the
/// summary itself.
fn acts(operation: &Operation<'_>, id: &Words, last: &Words) -> Option<&'static str> {
    let summary = match operation.summary {
        "" => Words::of(operation.description),
        summary => Words::of(summary),
    };
    if purpose::begins_reading(&summary) {
        return None;
    }
    // Of several words: a `lock` alone is a thing.
    let acted = |words: &Words| words.starts(ACTS).filter(|_| words.are_many() && !is_noun(words));
    let done = last.is(&["toggle", "send"]).or_else(|| last.ends(&["toggle"]));
    let told = Words::of(operation.summary);
    let told = told.starts(TOLD).filter(|_| told.are_many());
    acted(id).or_else(|| acted(last)).or(done).or(told)
}

fn is_noun(words: &Words) -> bool {
    let plural = words.are_many() && words.last().ends_with('s');
    words.ends(NOUN).is_some() || plural
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(path: &str, id: &str) -> usize {
        let paths =
            json!({path: {"get": {"operationId": id}, "post": {"operationId": "deleteIt"}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn changes_by_get_are_found_and_reads_about_changes_are_not() {
        assert_eq!(found("/users/{id}/delete", ""), 1);
        assert_eq!(found("/users/{id}", "deleteUser"), 1);
        for (path, id) in [
            ("/users/deleted", "getDeleted"),
            ("/updates", "updates"),
            ("/x/reset-status", ""),
            ("/update/history", "getUpdateHistory"),
            ("/subscriptions/{id}/cancel", "verifyCancel"),
            ("/users", "listUsers"),
        ] {
            assert_eq!(found(path, id), 0, "{path} {id}");
        }
    }

    #[test]
    fn words_tell_of_changes_by_get() {
        let told = |path: &str, id: &str, summary: &str| {
            let paths = json!({path: {"get": {"operationId": id, "summary": summary}}});
            trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
        };
        for (path, id, summary) in [
            ("/quote/like/toggle", "", "Toggle the like of a quote"),
            ("/messages/send", "", "Send a message by simple GET or POST"),
            ("/pads/sendMessage", "", ""),
            ("/contacts/{id}/addToGroup/{group}", "", ""),
            ("/stop/{id}", "StopScanPage", "Stop a scan"),
            ("/auth.revoke", "auth_revoke", "Revokes a token."),
        ] {
            assert_eq!(told(path, id, summary), 1, "{path}");
        }
        for (path, id, summary) in [
            ("/autoapproval/toggle", "", "Get the status of automatic approval"),
            ("/commands/send", "", "Fetch a list of saved commands"),
            ("/documents/{id}/lock", "Lock_GetLock", "Gets the lock"),
            ("/locks/{id}", "", "Locks"),
            ("/sends/data_series", "sendAnalytics", "Send analytics"),
        ] {
            assert_eq!(told(path, id, summary), 0, "{path}");
        }
    }
}
