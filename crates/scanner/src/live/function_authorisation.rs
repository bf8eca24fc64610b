//! Check `function-authorisation`: are operations of administrators closed to plain users?

use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::{Method, Operation};
use crate::live::CheckId;
use crate::live::actor::{Role, Who};
use crate::live::authority::{Person, is_marked};
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::{Marker, words};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::object::leaves;
use crate::live::world::{Object, World, drafted, facts, is_harmful};
use crate::order::Intensity;
use crate::report::{Confidence, Exchange, Severity};

mod made_by_office;
mod promoting;

pub const CHECK: Check = Check {
    id: CheckId::FunctionAuthorisation,
    title: "Authorisation of functions",
    asks: "Are the operations of administrators closed to plain users?",
    flaws: &[&OPEN],
    values: &[
        Measure {
            name: "functions.operations_tested",
            kind: Kind::Int,
            meaning: "operations that the document gives to some office and that a plain user asked",
        },
        Measure {
            name: "functions.operations_open",
            kind: Kind::Int,
            meaning: "of those, the ones that did for the plain user what they do for the office",
        },
    ],
};

/// Undecided operations that the reason names.
const MOST_NAMED: usize = 5;

/// One operation that reads, asked in three names.
struct Read {
    plain: Reply,
    admin: Option<Reply>,
    nobody: Reply,
    known: Vec<String>,
    /// What others of our identities are called: who reads it reads of others.
    others: Vec<String>,
}

enum Outcome {
    Closed,
    Open(Vec<Exchange>),
    Undecided(String),
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    if scan.actor(Who::A).await.is_none() {
        return Judgement::unjudged(scan.nobody(Who::A));
    }
    let world = scan.world().await;
    let mut judgement = Judgement::default();
    let (mut tested, mut open, mut stopped) = (0_usize, 0_usize, false);
    let mut undecided = Vec::new();
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let role = world.roles.get(index).copied().unwrap_or(Role::Plain);
        if operation.is_public()
            || !is_marked(&scan.document, operation)
            || is_harmful(operation, role)
            || role == Role::LogIn
        {
            continue;
        }
        let outcome = match operation.method {
            Method::Get => read(scan, world, index, operation).await,
            _ if scan.intensity > Intensity::Gentle => act(scan, world, index, operation).await,
            _ => continue,
        };
        tested += 1;
        match outcome {
            Ok(Outcome::Open(evidence)) => {
                open += 1;
                judgement.findings.push(OPEN.found(Some(operation.label()), evidence));
            }
            Ok(Outcome::Undecided(why)) => {
                undecided.push(format!("{}: {why}", operation.label()));
            }
            Ok(Outcome::Closed) => {}
            Err(error) => {
                judgement.gaps.push(Gap::from(&error));
                stopped = true;
                break;
            }
        }
    }
    if scan.intensity > Intensity::Gentle && !stopped {
        for (flaw, label, outcome) in beyond_words(scan, world, &mut judgement).await {
            let mut places = judgement.findings.iter().flat_map(|one| &one.places);
            if places.any(|place| place.operation.as_deref() == Some(label.as_str())) {
                continue;
            }
            tested += 1;
            match outcome {
                Outcome::Open(evidence) => {
                    open += 1;
                    judgement.findings.push(flaw.found(Some(label), evidence));
                }
                Outcome::Undecided(why) => undecided.push(format!("{label}: {why}")),
                Outcome::Closed => {}
            }
        }
    }
    if !undecided.is_empty() {
        let named = undecided.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
        let count = undecided.len();
        let detail = format!("{count} of {tested} operations undecided: {named}");
        judgement.gaps.push(Gap::undecided(detail));
    }
    if judgement.gaps.is_empty() {
        judgement.value("functions.operations_tested", tested);
        judgement.value("functions.operations_open", open);
    }
    judgement
}

/// What the words of a document do not tell to be an office's: what the administrator made, and roles
/// within something that is shared.
async fn beyond_words(
    scan: &Scan<'_>,
    world: &World,
    judgement: &mut Judgement,
) -> Vec<(&'static Flaw, String, Outcome)> {
    let mut found = Vec::new();
    match made_by_office::ask(scan, world).await {
        Ok(asked) => found.extend(asked.into_iter().map(|(label, proof)| {
            (&BY_ANYBODY, label, proof.map_or(Outcome::Closed, Outcome::Open))
        })),
        Err(error) => judgement.gaps.push(Gap::from(&error)),
    }
    match promoting::ask(scan, world).await {
        Ok(asked) => {
            let asked = asked.into_iter();
            found.extend(asked.map(|(label, outcome)| (&PROMOTES_ITSELF, label, outcome)));
        }
        Err(error) => judgement.gaps.push(Gap::from(&error)),
    }
    found
}

async fn read(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Result<Outcome, WireError> {
    let stated = Inputs::of_document(&scan.document, operation);
    let known = [Who::Admin, Who::A].iter().find_map(|who| world.case(index, *who));
    let inputs = known.map_or(stated, |case| case.inputs.clone());
    let other = of_another(world, inputs.clone());
    let outcome = read_with(scan, operation, world, other).await?;
    // An office's page about something of one's own may be one's own to read.
    match outcome {
        Outcome::Closed if !serves_owners(operation) => {
            read_with(scan, operation, world, inputs).await
        }
        told => Ok(told),
    }
}

/// True if the document says that those whom a thing belongs to are served as well.
fn serves_owners(operation: &Operation<'_>) -> bool {
    let owners = ["member", "members", "owner", "owners", "own", "itself", "yourself", "your"];
    let said = [operation.summary, operation.description].into_iter().flat_map(words);
    said.into_iter().any(|word| owners.contains(&word.as_str()))
}

async fn read_with(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    world: &World,
    inputs: Inputs,
) -> Result<Outcome, WireError> {
    let request = scan.written(operation, &inputs);
    let plain = scan.send(&request.with(scan.credential(Who::A).await)).await?;
    if !plain.is_success() || tells_of_error(&plain) {
        return Ok(match plain.status {
            429 | 500.. => Outcome::Undecided(format!("status {}", plain.status)),
            _ => Outcome::Closed,
        });
    }
    let admin = match scan.credential(Who::Admin).await {
        Some(credential) => Some(scan.send(&request.with(Some(credential))).await?),
        None => None,
    };
    let nobody = scan.send(&request).await?;
    let path = inputs.path.iter().chain(&inputs.query).map(|(_, value)| value.clone());
    let names = [Who::B, Who::Admin].iter().flat_map(|who| world.names(*who));
    let others = names.map(|(_, name)| name.clone()).filter(|name| name.len() > 3).collect();
    Ok(judge(&Read { plain, admin, nobody, known: path.collect(), others }))
}

/// The same inputs with the ids of what is A's own replaced by those of what is B's.
fn of_another(world: &World, mut inputs: Inputs) -> Inputs {
    let of = |who: Who| world.objects().iter().filter(move |one| one.owner == who);
    for (_, value) in &mut inputs.path {
        let own = of(Who::A).find(|one| one.id().is_some_and(|id| id == *value));
        let other = own.and_then(|own| of(Who::B).find(|one| one.collection == own.collection));
        if let Some(id) = other.and_then(Object::id) {
            *value = id;
        }
    }
    inputs
}

fn judge(read: &Read) -> Outcome {
    let good = |reply: &Reply| reply.is_success() && !tells_of_error(reply);
    let own = leaves(&read.plain, &read.known);
    // Whoever gets it without any credential is a matter of authentication.
    if own.is_empty() || good(&read.nobody) {
        return Outcome::Closed;
    }
    let evidence = |first: &Reply| {
        Outcome::Open(vec![
            first.exchange.clone(),
            read.nobody.exchange.clone(),
            read.plain.exchange.clone(),
        ])
    };
    if let Some(admin) = read.admin.as_ref().filter(|admin| good(admin)) {
        let office = leaves(admin, &read.known);
        let same = own.iter().filter(|leaf| office.contains(leaf)).count();
        return match same * 2 >= office.len().max(1) && same >= 1 {
            true => evidence(admin),
            false => Outcome::Closed,
        };
    }
    let text = read.plain.text();
    let records = read.plain.json().map(|json| facts::lists(&json)).unwrap_or_default();
    let many = records.iter().any(|(_, records)| records.len() >= 2);
    match many || read.others.iter().any(|name| text.contains(name.as_str())) {
        true => evidence(&read.nobody),
        false => Outcome::Closed,
    }
}

/// A plain user does what the office does, and somebody reads the effect.
async fn act(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Result<Outcome, WireError> {
    let own = world.case(index, Who::A).map(|case| case.inputs.clone());
    let person = match operation.is_templated() {
        true => Person::find(scan, world, Who::C).await?,
        false => None,
    };
    let about = person.as_ref().and_then(|person| person.inputs(scan, world, operation));
    if operation.method == Method::Delete {
        return match (person, about) {
            (Some(person), Some(inputs)) => remove(scan, world, &person, operation, &inputs).await,
            _ => Ok(Outcome::Undecided("there is nothing of ours to delete".to_owned())),
        };
    }
    // Where those are served whom a thing belongs to, A may do it to A's own.
    if own.is_some() && operation.is_templated() && serves_owners(operation) {
        return Ok(Outcome::Closed);
    }
    let marker = Marker::fresh();
    let mut inputs = drafted(scan, operation, &marker);
    match (&own, &about) {
        (Some(own), _) => {
            inputs = own.clone();
            inputs.body.as_mut().map(|body| marker.plant(body));
        }
        (None, Some(about)) => inputs.path.clone_from(&about.path),
        (None, None) if operation.is_templated() => {
            return Ok(Outcome::Undecided("its path leads to nothing of ours".to_owned()));
        }
        (None, None) => {}
    }
    let attack = scan.written(operation, &inputs).with(scan.credential(Who::A).await);
    let nobody = scan.send(&attack.with(None)).await?;
    let attack = scan.send(&attack).await?;
    if !attack.is_success()
        || tells_of_error(&attack)
        || nobody.is_success() && !tells_of_error(&nobody)
    {
        return Ok(Outcome::Closed);
    }
    match effect(scan, world, operation, &inputs, &marker).await? {
        Some(proof) => Ok(Outcome::Open(vec![nobody.exchange, attack.exchange, proof.exchange])),
        None => Ok(Outcome::Undecided("it was accepted and nothing shows what it did".to_owned())),
    }
}

/// An answer in which the effect of a change shows.
async fn effect(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    inputs: &Inputs,
    marker: &Marker,
) -> Result<Option<Reply>, WireError> {
    let path = facts::normal(operation.path);
    let near = |one: &&(usize, &Operation<'_>)| {
        let there = facts::normal(one.1.path);
        one.1.method == Method::Get
            && (there == path
                || path.starts_with(&format!("{there}/"))
                || there.starts_with(&format!("{path}/")))
    };
    let all: Vec<_> = scan.document.operations.iter().enumerate().collect();
    for (index, read) in all.iter().filter(near).take(4) {
        for who in [Who::A, Who::Admin] {
            let Some(credential) = scan.credential(who).await else { continue };
            let mut there = match world.case(*index, who) {
                Some(case) => case.inputs.clone(),
                None => Inputs::of_document(&scan.document, read),
            };
            for (name, value) in &inputs.path {
                if facts::parameters(read.path).contains(&name.as_str()) {
                    there.put(&crate::live::world::Change::new(
                        crate::live::world::Spot::Path(name.clone()),
                        value.as_str(),
                    ));
                }
            }
            let reply = scan.send(&scan.written(read, &there).with(Some(credential))).await?;
            if reply.is_success() && marker.is_in(&reply.text()) {
                return Ok(Some(reply));
            }
        }
    }
    Ok(None)
}

async fn remove(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    operation: &Operation<'_>,
    inputs: &Inputs,
) -> Result<Outcome, WireError> {
    let good = |reply: &Reply| reply.is_success() && !tells_of_error(reply);
    let Some(before) = person.look(scan, world).await?.filter(good) else {
        return Ok(Outcome::Undecided("nothing shows the account to its owner".to_owned()));
    };
    let attack =
        scan.send(&scan.written(operation, inputs).with(scan.credential(Who::A).await)).await?;
    let Some(after) = person.look(scan, world).await? else { return Ok(Outcome::Closed) };
    let gone = !good(&after) && after.status < 500 && after.status != 429;
    Ok(match gone {
        true => Outcome::Open(vec![before.exchange, attack.exchange, after.exchange]),
        false => Outcome::Closed,
    })
}

/// The document may not say so: that plain users may not make one does.
const BY_ANYBODY: Flaw = Flaw {
    confidence: Confidence::Medium,
    why: "Plain users were refused to make such a thing, the administrator was not; what the administrator \
          made, a plain user deleted.",
    ..OPEN
};

/// A role that somebody took, and that the list of those who share the thing then showed.
const PROMOTES_ITSELF: Flaw = Flaw {
    why: "A has a weak role in something that others own; A asked for a stronger one and had it, as the \
          list of its members shows.",
    fix: "Let only those who have a role give it, and nobody to itself.",
    ..OPEN
};

const OPEN: Flaw = Flaw {
    id: "function-open",
    check: CheckId::FunctionAuthorisation.code(),
    title: "A plain user does what administrators do",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "The document gives this operation to some office; a plain user called it and got, or did, \
          the same.",
    fix: "Ask for the role in one place, closed by default, for every operation of the office.",
    owasp: "API5:2023",
    cwe: 285,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    fn judged(plain: &str, admin: Option<&str>, nobody: u16) -> bool {
        let read = Read {
            plain: json(200, plain),
            admin: admin.map(|body| json(200, body)),
            nobody: json(nobody, plain),
            known: Vec::new(),
            others: vec!["bernard".to_owned()],
        };
        matches!(judge(&read), Outcome::Open(_))
    }

    #[test]
    fn the_offices_own_data_is_open_and_an_empty_list_is_not() {
        let rows = r#"{"rows": [{"user": "bernard", "used": 5000}]}"#;
        assert!(judged(rows, Some(rows), 401));
        assert!(!judged(r#"{"rows": []}"#, Some(rows), 401));
        assert!(!judged(r#"{"rows": [{"user": "myself"}]}"#, Some(rows), 401));
        assert!(!judged(rows, Some(rows), 200));
    }

    #[test]
    fn without_an_administrator_what_tells_of_others_is_open() {
        assert!(judged(r#"{"rows": [{"user": "bernard"}]}"#, None, 401));
        assert!(judged(r#"[{"user": "one"}, {"user": "two"}]"#, None, 401));
        assert!(!judged(r#"{"user": "myself"}"#, None, 401));
    }
}
