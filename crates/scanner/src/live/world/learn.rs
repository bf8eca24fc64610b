//! Learning: reads what needs no id, creates own objects, then reads and acts on those.

use serde_json::{Map, Value};

use crate::api::Operation;
use crate::live::Gap;
use crate::live::actor::{Account, Actor, Role, Who, role};
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::words;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::token::Token;
use crate::live::world::{Case, Object, World, facts};
use crate::order::Intensity;

mod attempt;
mod fill;
mod spare;
mod turns;

pub use fill::drafted;

/// Attempts at one operation: later ones mend what earlier answers complained of.
const ATTEMPTS: usize = 4;
/// Records of one answer that are kept.
const MOST_RECORDS: usize = 30;
/// Objects of one collection that are taken for somebody's because only his list shows them.
const MOST_LISTED: usize = 3;
/// Of the scan's requests, learning leaves this part to the checks.
const LEFT_TO_CHECKS: u32 = 2;
/// Words of operations that would undo everything, or end the session.
const HARMFUL: [&str; 14] = [
    "createdb", "resetdb", "reset", "reseed", "seed", "initdb", "shutdown", "restart", "wipe",
    "purge", "drop", "flush", "truncate", "populate",
];

/// A record that was seen in an answer.
struct Known {
    seen_by: Who,
    owner: Option<Who>,
    collection: String,
    kind: String,
    parents: Vec<String>,
    record: Map<String, Value>,
    object: Option<usize>,
}

/// Values for an operation, and the own object that its path leads to.
struct Filled {
    inputs: Inputs,
    object: Option<usize>,
}

struct Learner<'s, 'a> {
    scan: &'s Scan<'a>,
    world: World,
    known: Vec<Known>,
    refused: Vec<Option<String>>,
    reserve: u32,
}

/// True for what would spoil the rest of the scan for everybody.
pub fn is_harmful(operation: &Operation<'_>, role: Role) -> bool {
    let path = operation.path.split('/').flat_map(words);
    let said: Vec<_> = path.chain(operation.id.into_iter().flat_map(words)).collect();
    let joined = said.concat();
    role == Role::LogOut
        || said.iter().any(|word| HARMFUL.contains(&word.as_str()))
        || joined.contains("createdb")
        || joined.contains("resetdb")
}

impl World {
    /// Asks the API until it knows what works, within half of what the scan may still send.
    pub async fn learn(scan: &Scan<'_>) -> Self {
        let operations = &scan.document.operations;
        let roles = operations.iter().map(|one| role(&scan.document, one)).collect();
        let mut learner = Learner {
            scan,
            world: World { roles, ..World::default() },
            known: Vec::new(),
            refused: vec![None; operations.len()],
            reserve: scan.client.budget.left() / LEFT_TO_CHECKS,
        };
        if let Err(gap) = learner.all().await {
            learner.world.stopped = Some(gap);
        }
        learner.finish()
    }
}

impl<'a> Learner<'_, 'a> {
    async fn all(&mut self) -> Result<(), Gap> {
        for who in [Who::A, Who::B, Who::Admin] {
            if let Some(actor) = self.scan.actor(who).await {
                self.account(actor);
                self.named(actor);
            }
        }
        self.reads(false).await?;
        self.own_by_list();
        // What only exists below something else is reached in the second turn.
        for _ in 0..2 {
            self.creations().await?;
            self.reads_by_query().await?;
            self.reads(true).await?;
            self.reads_elsewhere().await?;
            self.own_by_list();
        }
        if self.scan.intensity > Intensity::Gentle {
            for who in self.people().into_iter().filter(|who| *who != Who::Admin) {
                self.actions(who).await?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> World {
        for who in [Who::A, Who::B, Who::Admin] {
            let names = self.names_of(who);
            self.world.names.insert(who, names);
        }
        for (index, refused) in self.refused.into_iter().enumerate() {
            let learned = self.world.cases.iter().any(|case| case.operation == index);
            if let (false, Some(why)) = (learned, refused) {
                self.world.unlearned.push((index, why));
            }
        }
        self.world
    }

    /// What the login's answer and the token itself call the caller.
    fn named(&mut self, actor: &Actor) {
        const KEYS: [&str; 6] = ["userId", "user_id", "uid", "username", "login", "email"];
        let answer = actor.entry.as_ref().and_then(|entry| entry.reply.json()).unwrap_or_default();
        let told = answer.as_object().cloned().unwrap_or_default();
        let mut record: Map<_, _> =
            told.into_iter().filter(|(name, _)| KEYS.contains(&name.as_str())).collect();
        // A record that names the account is the account's; any other id is of something else.
        if let Some(own) = actor.account.as_ref().and_then(|account| naming(&answer, account)) {
            let kept =
                own.iter().filter(|(name, _)| *name == "id" || KEYS.contains(&name.as_str()));
            record.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        }
        let token = Token::read(&actor.credential.value, "$");
        for (claim, value) in token.iter().flat_map(|token| token.claims.iter()) {
            let name = if claim == "sub" { "id" } else { claim.as_str() };
            let mail = facts::scalar(value).is_some_and(|text| text.contains('@'));
            if (name == "id" || KEYS.contains(&name)) && (name == "email" || !mail) {
                record.entry(name).or_insert_with(|| value.clone());
            }
        }
        if let Some(id) = record.get("userId").or_else(|| record.get("user_id")).cloned() {
            record.insert("id".to_owned(), id);
        }
        // What several are called is what they have in common: their company, their client.
        let others = self.known.iter_mut().filter(|one| one.collection.is_empty());
        for other in others.filter(|one| one.owner != Some(actor.who)) {
            let shared: Vec<_> = record
                .keys()
                .filter(|name| other.record.get(*name) == record.get(*name))
                .cloned()
                .collect();
            for name in shared {
                record.remove(&name);
                other.record.remove(&name);
            }
        }
        record.retain(|_, value| facts::scalar(value).is_some());
        self.known.push(Known {
            seen_by: actor.who,
            owner: Some(actor.who),
            collection: String::new(),
            kind: "user".to_owned(),
            parents: Vec::new(),
            record,
            object: None,
        });
    }

    /// What registering and logging in showed are cases and a record as well.
    fn account(&mut self, actor: &Actor) {
        if let Some(entry) = &actor.entry
            && let (Some(operation), Some(inputs)) = (entry.operation, &entry.inputs)
        {
            self.world.cases.push(Case {
                operation,
                who: Who::Nobody,
                inputs: inputs.clone(),
                request: entry.request.clone(),
                reply: entry.reply.clone(),
                object: None,
            });
        }
        let Some(account) = &actor.account else { return };
        let record = record_of_account(account);
        let Some((door, reply)) = account.door.zip(account.registered.clone()) else { return };
        let Some(operation) = self.scan.document.operations.get(door) else { return };
        let mut inputs = Inputs::of_document(&self.scan.document, operation);
        inputs.body = Some(account.sent.clone());
        let request = self.scan.written(operation, &inputs);
        let case = Case { operation: door, who: Who::Nobody, inputs, request, reply, object: None };
        self.world.cases.push(case);
        self.world.objects.push(Object {
            owner: actor.who,
            collection: facts::normal(operation.path),
            parents: Vec::new(),
            record: record.clone(),
            marker: account.marker.clone(),
            made_by: Some(self.world.cases.len() - 1),
        });
        self.known.push(Known {
            seen_by: actor.who,
            owner: Some(actor.who),
            collection: facts::normal(operation.path),
            kind: "user".to_owned(),
            parents: Vec::new(),
            record,
            object: Some(self.world.objects.len() - 1),
        });
    }

    fn people(&self) -> Vec<Who> {
        let all = [Who::A, Who::B, Who::Admin];
        let known = all.into_iter().filter(|who| self.scan.actors().known(*who).is_some());
        let found: Vec<_> = known.collect();
        if found.is_empty() { vec![Who::Nobody] } else { found }
    }

    fn role(&self, index: usize) -> Role {
        self.world.roles.get(index).copied().unwrap_or(Role::Plain)
    }

    fn refuse(&mut self, index: usize, why: String) {
        if let Some(known) = self.refused.get_mut(index) {
            *known = Some(why);
        }
    }

    fn pace(&self) -> Result<(), Gap> {
        match self.scan.client.budget.left() <= self.reserve {
            true => Err(Gap::from(&WireError::Spent(crate::live::budget::Spent::Requests))),
            false => Ok(()),
        }
    }
}

/// The object of an answer that holds the account's own name or address.
fn naming<'v>(answer: &'v Value, account: &Account) -> Option<&'v Map<String, Value>> {
    match answer {
        Value::Object(members) => {
            let own = |value: &Value| *value == account.name || *value == account.email;
            match members.values().any(own) {
                true => Some(members),
                false => members.values().find_map(|one| naming(one, account)),
            }
        }
        Value::Array(items) => items.iter().find_map(|one| naming(one, account)),
        _ => None,
    }
}

fn is_good(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply)
}

fn record_of_account(account: &Account) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("username".to_owned(), Value::from(account.name.as_str()));
    record.insert("email".to_owned(), Value::from(account.email.as_str()));
    let sent = account.sent.as_object().cloned().unwrap_or_default();
    record.extend(sent.into_iter().filter(|(name, _)| !crate::live::actor::is_password(name)));
    let answered = account.registered.as_ref().and_then(|reply| reply.json());
    record.extend(answered.as_ref().and_then(facts::record).unwrap_or_default());
    record
}
