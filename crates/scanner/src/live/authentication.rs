//! Check `authentication`: does every documented operation refuse a caller without a credential,
//! and one with a credential that nobody issued?

use std::sync::Arc;

use serde_json::{Map, Value};

use super::client::WireError;
use super::likeness::{alike, leads_to_login, tells_of_error};
use super::object_authorisation::is_private;
use super::reply::Reply;
use super::scan::{Face, Scan};
use super::world::{World, facts, is_harmful};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::{Api, Operation};
use crate::live::CheckId;
use crate::live::actor::{Role, Who};
use crate::report::{Confidence, Severity};

mod changing;

pub const CHECK: Check = Check {
    id: CheckId::Authentication,
    title: "Authentication",
    asks: "Does every operation that is not declared public refuse callers without a valid credential?",
    flaws: &[&READS_OPEN, &TOLD_OPEN, &CHANGES_OPEN, &DATA_OPEN, &GARBAGE_ACCEPTED],
    values: &[
        Measure {
            name: "authentication.operations_tested",
            kind: Kind::Int,
            meaning: "documented operations that are not public and were judged; present only if \
                      all of them were",
        },
        Measure {
            name: "authentication.operations_open",
            kind: Kind::Int,
            meaning: "of those, the ones that answered without a valid credential",
        },
        Measure {
            name: "authentication.operations_public",
            kind: Kind::Int,
            meaning: "documented operations that the document declares public",
        },
    ],
};

/// Findings that carry evidence; the value counts the rest.
const MOST_FINDINGS: usize = 100;
/// Undecided operations that the reason names.
const MOST_NAMED: usize = 5;
/// Connections in a row that may fail before the target counts as gone.
const MOST_FAILURES: usize = 3;

type Answered = Result<Arc<Reply>, WireError>;

/// One operation, asked in up to three ways.
struct Asked {
    operation: String,
    /// With the valid credential; none for a change that was never seen to succeed.
    control: Option<Answered>,
    anonymous: Answered,
    garbage: Answered,
    changes: bool,
    /// What A then reads of the change, where it shows that one without a credential was made.
    effect: Option<Arc<Reply>>,
    /// False if the document says nothing of who may call: then only A's own data tells.
    stated: bool,
    /// The document says in words that anybody may, and not where programs read it.
    told: bool,
    /// Texts that belong to A alone.
    own: Vec<String>,
    /// It names nothing of anybody's: what it lists may be a catalogue.
    whole: bool,
}

struct Seen {
    public: usize,
    asked: Vec<Asked>,
    /// Why asking stopped before the last operation.
    stopped: Option<Gap>,
}

/// What the answers say about one operation.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Closed,
    Open { with_garbage: bool },
    Undecided(String),
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut seen = Seen { public: 0, asked: Vec::new(), stopped: None };
    let world = scan.world().await;
    let mut failures = 0;
    let mut silent = Vec::new();
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let role = world.roles.get(index).copied().unwrap_or(Role::Plain);
        if operation.is_public() || is_public_by_nature(operation, role) {
            seen.public += 1;
            continue;
        }
        let asked = match operation.method.is_safe() {
            true => read(scan, world, index, operation).await,
            false => changing::ask(scan, world, index, operation).await,
        };
        // Where the document is silent, only what is A's own is known not to be for everybody.
        let open = matches!(verdict(&asked, true), Verdict::Open { .. });
        if !asked.stated && (!open || may_be_catalogue(&asked)) {
            silent.push(asked);
            continue;
        }
        let (anonymous, garbage) = (&asked.anonymous, &asked.garbage);
        let spent = [anonymous, garbage].into_iter().filter_map(|one| one.as_ref().err());
        seen.stopped = spent.clone().find(|error| error.is_final()).map(Gap::from);
        failures = if spent.count() == 2 { failures + 1 } else { 0 };
        if let (MOST_FAILURES, Err(error)) = (failures, anonymous) {
            seen.stopped = Some(Gap::from(error));
        }
        seen.asked.push(asked);
        if seen.stopped.is_some() {
            break;
        }
    }
    weigh(silent, &scan.document, &mut seen);
    judge(&seen)
}

/// What lists A's own beside others' and holds nothing private may be there for all to see.
fn may_be_catalogue(asked: &Asked) -> bool {
    let Ok(reply) = &asked.anonymous else { return false };
    let answer = reply.json().unwrap_or_default();
    if asked.whole && !asked.changes && lists_words(&answer) {
        return true;
    }
    let lists = facts::lists(&answer);
    let records = lists.into_iter().flat_map(|(_, records)| records);
    let (mine, others): (Vec<_>, Vec<_>) = records.partition(|record| {
        let text = Value::Object(record.clone()).to_string();
        asked.own.iter().any(|own| text.contains(own.as_str()))
    });
    let private = mine.iter().any(|record| record.keys().any(|name| is_private(name)));
    let mixed = !mine.is_empty() && !others.is_empty();
    asked.whole && !asked.changes && mixed && !private
}

/// Nothing but words, as tags and categories are: A's own among them is no secret of A's.
fn lists_words(answer: &Value) -> bool {
    let words = |value: &Value| {
        let items = value.as_array().filter(|items| items.len() > 1);
        items.is_some_and(|items| {
            let word = |one: &Value| one.as_str().is_some_and(|text| text.len() < 40);
            items.iter().all(|one| word(one) && !one.to_string().contains('@'))
        })
    };
    let inside = |members: &Map<String, Value>| members.len() == 1 && members.values().all(words);
    words(answer) || answer.as_object().is_some_and(inside)
}

/// Where an operation does not say who may call, the service itself may: what nearly all of them refuse
/// to callers without a credential, the one that does not has forgotten.
fn weigh(silent: Vec<Asked>, document: &Api<'_>, seen: &mut Seen) {
    let stated = document.operations.iter().any(|one| one.security.stated);
    let closed = |one: &&Asked| {
        let control = one.control.as_ref().is_some_and(|answer| {
            answer.as_ref().is_ok_and(|reply| reply.is_success() && !tells_of_error(reply))
        });
        control && refused(&one.anonymous)
    };
    let refusing = silent.iter().filter(closed).count();
    let most = refusing >= 4 && refusing * 4 >= silent.len() * 3;
    let strict = !stated && most;
    for asked in silent {
        if most && matches!(verdict(&asked, true), Verdict::Open { .. }) {
            seen.asked.push(asked);
            continue;
        }
        let judged = Asked { stated: true, ..asked };
        match verdict(&judged, true) {
            Verdict::Open { .. } if strict && !judged.changes => seen.asked.push(judged),
            Verdict::Closed if strict => seen.asked.push(judged),
            _ => seen.public += 1,
        }
    }
}

async fn read(scan: &Scan<'_>, world: &World, index: usize, operation: &Operation<'_>) -> Asked {
    let control = match scan.genuine() {
        Some(_) => Some(scan.look(index, Face::Control).await),
        None => None,
    };
    let path = world.case(index, Who::A).map(|case| case.request.path.clone()).unwrap_or_default();
    let mine = world.objects().iter().filter(|object| object.owner == Who::A);
    let markers = mine.filter_map(|object| object.marker.as_ref());
    let own = markers.filter(|marker| !marker.is_in(&path)).map(|marker| marker.tail().to_owned());
    let names = world.names(Who::A).iter().map(|(_, name)| name.clone());
    let mails = names.filter(|name| name.contains('@'));
    let mut garbage = scan.look(index, Face::Garbage).await;
    // Some look only at the form of a credential.
    if refused(&garbage)
        && let Some(shaped) = scan.lookalike()
        && let Some(request) = scan.request(index, Face::Anonymous).await
    {
        garbage = scan.send(&request.with(Some(shaped))).await.map(Arc::new);
    }
    Asked {
        operation: operation.label(),
        control,
        anonymous: scan.look(index, Face::Anonymous).await,
        garbage,
        changes: false,
        effect: None,
        stated: operation.security.stated,
        told: tells_of_everybody(operation),
        own: own.chain(mails).collect(),
        whole: !operation.is_templated(),
    }
}

fn refused(answer: &Answered) -> bool {
    answer.as_ref().is_ok_and(|reply| matches!(reply.status, 400 | 401 | 403))
}

/// What everybody may ask, whatever a document forgets to say: the way in, and what is published.
fn is_public_by_nature(operation: &Operation<'_>, role: Role) -> bool {
    let path = operation.path.to_ascii_lowercase();
    let published = [
        ".well-known",
        "jwks",
        "openapi",
        "swagger",
        "/docs",
        "/health",
        "/ping",
        "/status",
        "/version",
        "/livez",
        "/readyz",
        "/ready",
        "/live",
        "csrf",
        "xsrf",
    ];
    let way_in = matches!(role, Role::LogIn | Role::Register | Role::Refresh | Role::LogOut);
    let forgotten = role == Role::Password
        && ["forgot", "reset", "recover", "confirm", "verify"]
            .iter()
            .any(|word| path.contains(word));
    let read = operation.method.is_safe() && published.iter().any(|word| path.contains(word));
    way_in || forgotten || read || is_harmful(operation, role)
}

/// `(no login)`, `public`, `without a token`: weak words beside a credential that is required.
fn tells_of_everybody(operation: &Operation<'_>) -> bool {
    let words = [
        "no login",
        "without login",
        "no auth",
        "without auth",
        "unauthenticated",
        "no token",
        "without a token",
        "no credential",
        "without a credential",
        "public",
        "anonymous",
    ];
    let said = format!("{} {}", operation.summary, operation.description).to_ascii_lowercase();
    words.iter().any(|word| said.contains(word))
}

fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    let controls = || seen.asked.iter().filter_map(|one| one.control.as_ref()?.as_ref().ok());
    let reachable = controls().any(|reply| reply.is_success() && !tells_of_error(reply));
    let refusals = refusals(&seen.asked);
    let mut undecided = Vec::new();
    let mut open: usize = 0;
    for asked in &seen.asked {
        match verdict(asked, reachable) {
            Verdict::Closed => {}
            Verdict::Undecided(_) if is_refused(asked, &refusals) => {}
            Verdict::Undecided(why) => undecided.push(format!("{}: {why}", asked.operation)),
            Verdict::Open { with_garbage } => {
                open += 1;
                if judgement.findings.len() < MOST_FINDINGS {
                    judgement.findings.push(finding(asked, with_garbage));
                }
            }
        }
    }
    judgement.gaps.extend(seen.stopped.clone());
    if seen.stopped.is_none() && !undecided.is_empty() {
        judgement.gaps.push(gap(&undecided, &seen.asked));
    }
    if seen.asked.is_empty() && seen.stopped.is_none() {
        judgement.gaps.push(Gap::no_operation("every documented operation is declared public"));
    }
    if judgement.gaps.is_empty() {
        judgement.value("authentication.operations_tested", seen.asked.len());
        judgement.value("authentication.operations_open", open);
        judgement.value("authentication.operations_public", seen.public);
    }
    judgement
}

/// Words in which this service refuses callers without a credential, whatever status it gives them:
/// what they got where the valid credential was let in.
fn refusals(asked: &[Asked]) -> Vec<(u16, String)> {
    let refused = asked.iter().filter_map(|one| {
        let control = one.control.as_ref()?.as_ref().ok()?;
        let reply = one.anonymous.as_ref().ok()?;
        let let_in = control.is_success() && !tells_of_error(control);
        (let_in && tells_of_error(reply)).then(|| (reply.status, reply.text().into_owned()))
    });
    refused.collect()
}

fn is_refused(asked: &Asked, refusals: &[(u16, String)]) -> bool {
    [&asked.anonymous, &asked.garbage].into_iter().all(|answer| {
        answer.as_ref().is_ok_and(|reply| {
            refusals.iter().any(|(status, text)| *status == reply.status && *text == reply.text())
        })
    })
}

/// The reason for undecided operations: if none could be controlled, that is why.
fn gap(undecided: &[String], asked: &[Asked]) -> Gap {
    let named = undecided.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    let detail = format!("{} of {} operations undecided: {named}", undecided.len(), asked.len());
    let controls = || asked.iter().filter_map(|one| one.control.as_ref());
    let withheld = controls().find_map(|control| control.as_ref().err().filter(|e| e.is_final()));
    match withheld {
        Some(error) => Gap { detail: format!("{error}; {detail}"), ..Gap::from(error) },
        None if controls().next().is_none() => Gap { detail, ..Gap::no_credential() },
        None => Gap::undecided(detail),
    }
}

fn verdict(asked: &Asked, reachable: bool) -> Verdict {
    let control = asked.control.as_ref().and_then(|answer| answer.as_ref().ok());
    if asked.effect.is_some() {
        let by_garbage = asked.anonymous.as_ref().is_ok_and(|reply| !reply.is_success());
        return Verdict::Open { with_garbage: by_garbage };
    }
    if !asked.stated {
        return unstated(asked);
    }
    let closed = matches!(&asked.anonymous, Ok(reply) if matches!(reply.status, 401 | 403));
    let mut unclear = None;
    for (answer, with_garbage) in [(&asked.anonymous, false), (&asked.garbage, true)] {
        let judged = match (answer, control) {
            (Err(error), _) => Verdict::Undecided(error.to_string()),
            // Whoever guesses wrong too often is put off: that is no way in.
            (Ok(reply), _) if with_garbage && closed && reply.status == 429 => Verdict::Closed,
            (Ok(reply), Some(control)) => compared(reply, control, with_garbage),
            (Ok(reply), None) => alone(reply, reachable, with_garbage),
        };
        match judged {
            Verdict::Open { .. } => return judged,
            Verdict::Undecided(_) => unclear = unclear.or(Some(judged)),
            Verdict::Closed => {}
        }
    }
    unclear.unwrap_or(Verdict::Closed)
}

/// Where the document is silent, A's own data in the answer to anybody tells.
fn unstated(asked: &Asked) -> Verdict {
    let shows = |answer: &Answered| {
        answer.as_ref().is_ok_and(|reply| {
            let text = reply.text();
            let good = reply.is_success() && !tells_of_error(reply);
            good && asked.own.iter().any(|own| text.contains(own.as_str()))
        })
    };
    match (shows(&asked.anonymous), shows(&asked.garbage)) {
        (false, false) => Verdict::Closed,
        (anonymous, _) => Verdict::Open { with_garbage: !anonymous },
    }
}

/// Beside the answer to the valid credential, any answer of another kind is a refusal.
fn compared(reply: &Reply, control: &Reply, with_garbage: bool) -> Verdict {
    let admitted = control.is_success() && !tells_of_error(control);
    match reply.status {
        401 | 403
            if !matches!(control.status, 401 | 429 | 500..) && control.status != reply.status =>
        {
            Verdict::Closed
        }
        401 | 403 => undecided("the valid credential gets", control),
        200..=299 if tells_of_error(reply) => match admitted {
            true => Verdict::Closed,
            false => undecided("an error with status", reply),
        },
        200..=299 if admitted && !alike(reply, control) => {
            undecided("another content than with the credential, status", reply)
        }
        200..=299 => Verdict::Open { with_garbage },
        429 | 500.. => undecided("status", reply),
        _ if admitted => Verdict::Closed,
        _ => undecided("with and without credential no success, without it", reply),
    }
}

/// An operation that changes something is never asked with the valid credential. That it is
/// reachable at all is known from the operations that were.
fn alone(reply: &Reply, reachable: bool, with_garbage: bool) -> Verdict {
    match reply.status {
        401 | 403 if reachable => Verdict::Closed,
        401 | 403 => undecided(
            "no request with the valid credential succeeded, so a refusal proves nothing, status",
            reply,
        ),
        200..=299 if !tells_of_error(reply) => Verdict::Open { with_garbage },
        _ if leads_to_login(reply) && reachable => Verdict::Closed,
        _ => undecided("neither 401 nor 403 but status", reply),
    }
}

fn undecided(what: &str, reply: &Reply) -> Verdict {
    Verdict::Undecided(format!("{what} {}", reply.status))
}

fn finding(asked: &Asked, with_garbage: bool) -> crate::report::Finding {
    let answer = if with_garbage { &asked.garbage } else { &asked.anonymous };
    let controls = asked.control.iter().filter_map(|control| control.as_ref().ok());
    let evidence = controls.chain(answer.as_ref().ok()).chain(&asked.effect);
    let evidence = evidence.map(|reply| reply.exchange.clone());
    let private = answer
        .as_ref()
        .is_ok_and(|reply| asked.own.iter().any(|own| reply.text().contains(own.as_str())));
    let flaw = match (with_garbage, asked.changes) {
        _ if asked.told && !asked.changes && !private => TOLD_OPEN,
        (false, false) if !asked.stated => DATA_OPEN,
        (false, false) => READS_OPEN,
        (false, true) => CHANGES_OPEN,
        (true, _) => GARBAGE_ACCEPTED,
    };
    flaw.found(Some(asked.operation.clone()), evidence.collect())
}

const READS_OPEN: Flaw = Flaw {
    id: "operation-open",
    check: CheckId::Authentication.code(),
    title: "An operation answers without a credential",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "The document says that a credential is needed; anyone who knows the path gets the same \
          kind of answer without one.",
    fix: "Refuse the call with 401 before anything else is done, for every operation by default; \
          if it is meant to be public, declare it with `security: []`.",
    owasp: "API2:2023",
    cwe: 306,
};

const TOLD_OPEN: Flaw = Flaw {
    id: "open-in-words-only",
    title: "An operation is public by its description and not by its declaration",
    severity: Severity::Info,
    why: "The description says that anybody may call, and the document declares a credential; \
          programs that read it, gateways among them, believe the declaration.",
    fix: "Declare it with `security: []`.",
    ..READS_OPEN
};

const CHANGES_OPEN: Flaw = Flaw {
    id: "change-open",
    title: "An operation that changes something answers without a credential",
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    why: "The document says that a credential is needed; a call without one succeeded.",
    ..READS_OPEN
};

const DATA_OPEN: Flaw = Flaw {
    id: "data-open",
    title: "What belongs to one user is given without a credential",
    why: "The document does not say who may call; what A had just created came back to a caller \
          without any credential.",
    ..READS_OPEN
};

const GARBAGE_ACCEPTED: Flaw = Flaw {
    id: "any-credential-accepted",
    title: "An operation accepts a credential that nobody issued",
    severity: Severity::Critical,
    why: "Some credential is asked for and not looked at: a made-up one is let in.",
    ..READS_OPEN
};

#[cfg(test)]
mod tests;
