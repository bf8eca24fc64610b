//! Operations that are meant for more than plain users, by their words; and accounts to try them on.

use serde_json::{Map, Value};

use crate::api::{Api, Method, Operation};
use crate::live::actor::{Account, Who};
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::words;
use crate::live::scan::Scan;
use crate::live::world::{World, facts};
use crate::report::Exchange;

/// Words of a path, a tag, a name or a scope that say it.
const ROLES: [&str; 26] = [
    "admin",
    "admins",
    "administrator",
    "administrators",
    "administration",
    "staff",
    "moderator",
    "moderators",
    "moderation",
    "internal",
    "backoffice",
    "superuser",
    "superusers",
    "superadmin",
    "root",
    "operator",
    "operators",
    "supervisor",
    "supervisors",
    "privileged",
    "teller",
    "tellers",
    "audit",
    "sysadmin",
    "debug",
    "management",
];
/// Ends of words for people by what they do.
const DOERS: [&str; 6] = ["ers", "ors", "ists", "ants", "ians", "ins"];

/// True if the document marks an operation as one of administrators or of some other office.
pub fn is_marked(document: &Api<'_>, operation: &Operation<'_>) -> bool {
    let told = [operation.summary, operation.description].into_iter().any(is_for_everybody);
    if told && operation.method.is_safe() {
        return false;
    }
    let path = operation.path.split('/').filter(|part| !part.starts_with('{')).flat_map(words);
    let tags = operation.tags.iter().copied().flat_map(words);
    let id = operation.id.into_iter().flat_map(words);
    let mut scopes =
        operation.security.named().flat_map(|(_, scopes)| scopes.iter().copied().flat_map(words));
    let mut said = path.chain(tags).chain(id);
    said.any(|word| ROLES.contains(&word.as_str()) && !is_everywhere(document, &word))
        || scopes.any(|word| ROLES.contains(&word.as_str()))
        || is_told(operation.summary)
        || is_told(operation.description)
        || names_office(operation.summary)
}

/// True for a word of most paths: what all of an API is called tells nothing of one operation.
fn is_everywhere(document: &Api<'_>, word: &str) -> bool {
    let count = document.operations.len();
    let named = document.operations.iter().filter(|one| one.path.contains(word)).count();
    count >= 8 && named * 2 > count
}

/// `for everybody with an account`, `any signed-in user`: the words open what the path would close.
fn is_for_everybody(text: &str) -> bool {
    let said = words(text);
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    let everybody = ["everybody", "everyone", "anybody", "anyone"];
    let inside = ["signed", "logged", "authenticated"];
    let closed = ["only", "not", "restricted"];
    let open = said.windows(2).any(|two| match two {
        ["for" | "to", one] => everybody.contains(one),
        ["any" | "every" | "all", one] => inside.contains(one),
        _ => false,
    });
    open && !is_told(text) && !names_office(text) && !said.iter().any(|word| closed.contains(word))
}

/// `(moderators)`, `staff only`, `only admins`, `administrators may …`.
fn is_told(text: &str) -> bool {
    let inside = text.split('(').skip(1).filter_map(|part| Some(part.split_once(')')?.0));
    let office = |inside: &str| {
        let said = words(inside);
        let plain = inside.chars().all(|one| one.is_alphabetic() || one == ' ');
        plain && said.len() <= 3 && said.iter().any(|word| is_office(word))
    };
    let said = words(text);
    let only = said.windows(2).any(|two| match two {
        [one, other] => (one == "only" && is_office(other)) || (other == "only" && is_office(one)),
        _ => false,
    });
    only || is_meant_for_office(&said) || inside.into_iter().any(office)
}

/// `for administrators`, `as an admin`, `admins can`: the office does it, and is not only spoken of.
fn is_meant_for_office(said: &[String]) -> bool {
    let links = ["for", "by", "as", "only", "requires", "require", "needs"];
    let verbs = ["can", "may", "must", "only", "role", "rights", "privileges", "permission"];
    let plain: Vec<_> =
        said.iter().filter(|word| !matches!(word.as_str(), "a" | "an" | "the")).collect();
    plain.windows(2).any(|two| match two {
        [one, other] => {
            (links.contains(&one.as_str()) && is_admin(other))
                || (is_admin(one) && verbs.contains(&other.as_str()))
        }
        _ => false,
    })
}

fn names_office(text: &str) -> bool {
    words(text).iter().any(|word| is_admin(word))
}

fn is_admin(word: &str) -> bool {
    matches!(
        word,
        "admin" | "admins" | "administrator" | "administrators" | "moderators" | "superuser"
    )
}

fn is_office(word: &str) -> bool {
    let doer = word.len() > 4 && DOERS.iter().any(|end| word.ends_with(end));
    let everybody = [
        "users",
        "members",
        "customers",
        "characters",
        "numbers",
        "letters",
        "headers",
        "parameters",
        "others",
        "orders",
        "containers",
        "callers",
        "errors",
        "subscribers",
        "owners",
        "maintainers",
        "editors",
        "contributors",
        "collaborators",
        "authors",
        "creators",
        "holders",
        "senders",
        "viewers",
        "readers",
        "partners",
        "visitors",
        "strangers",
        "participants",
    ];
    (ROLES.contains(&word) || doer) && !everybody.contains(&word)
}

/// Everything that is known of an account of ours, as one record, with the operation that tells it.
pub struct Person {
    pub who: Who,
    pub record: Map<String, Value>,
    /// The operation that shows it to itself, by index.
    pub mirror: Option<usize>,
}

impl Person {
    /// Somebody of ours, with what `/me` and lists of people say.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn find(scan: &Scan<'_>, world: &World, who: Who) -> Result<Option<Self>, WireError> {
        let Some(actor) = scan.actor(who).await else { return Ok(None) };
        let account = actor.account.as_ref();
        let mut record = Map::new();
        for (name, value) in facts::names(account, std::iter::empty()) {
            record.insert(name, Value::from(value));
        }
        if let Some(account) = account {
            let sent = account.sent.as_object().into_iter().flatten();
            let sent = sent.filter(|(name, _)| !crate::live::actor::is_password(name));
            record.extend(sent.map(|(name, value)| (name.clone(), value.clone())));
            let told = account.registered.as_ref().and_then(|reply| reply.json());
            record.extend(told.as_ref().and_then(facts::record).unwrap_or_default());
        }
        let mut person = Self { who, record, mirror: None };
        for index in mirrors(scan, world) {
            let Some(case) = world.case(index, Who::A) else { continue };
            let request = case.bare(scan, &[]).with(scan.credential(who).await);
            let reply = scan.send(&request).await?;
            if let Some(told) =
                reply.json().as_ref().and_then(facts::record).filter(|_| reply.is_success())
            {
                person.record.extend(told);
                person.mirror = person.mirror.or(Some(index));
            }
        }
        person.listed(scan, world).await?;
        Ok(Some(person))
    }

    /// Adds what a list of people says of this one.
    async fn listed(&mut self, scan: &Scan<'_>, world: &World) -> Result<(), WireError> {
        let names: Vec<_> = ["username", "email"]
            .iter()
            .filter_map(|key| facts::scalar(self.record.get(*key)?))
            .collect();
        for index in directories(scan, world) {
            let Some(case) = world.any_case(index) else { continue };
            let reply =
                scan.send(&case.bare(scan, &[]).with(scan.credential(self.who).await)).await?;
            let Some(json) = reply.json() else { continue };
            let mut records = facts::lists(&json).into_iter().flat_map(|(_, records)| records);
            let own = records.find(|record| {
                record.values().filter_map(facts::scalar).any(|value| names.contains(&value))
            });
            for (name, value) in own.into_iter().flatten() {
                self.record.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    /// The inputs with which an operation is about this person; `None` if its path names nobody.
    pub fn inputs(
        &self,
        scan: &Scan<'_>,
        world: &World,
        operation: &Operation<'_>,
    ) -> Option<Inputs> {
        let (name, before) = person_parameter(scan, world, operation)?;
        let value = facts::value_for(&self.record, name, &facts::kind(before))
            .or_else(|| facts::value_for(&self.record, name, "user"))?;
        let mut inputs = Inputs::of_document(&scan.document, operation);
        inputs.path.retain(|(key, _)| key != name);
        inputs.path.push((name.to_owned(), value));
        (inputs.path.len() == facts::parameters(operation.path).len()).then_some(inputs)
    }

    /// What the person is told of itself now.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn look(
        &self,
        scan: &Scan<'_>,
        world: &World,
    ) -> Result<Option<crate::live::reply::Reply>, WireError> {
        let credential = scan.credential(self.who).await;
        if let Some(case) = self.mirror.and_then(|index| world.case(index, Who::A)) {
            return scan.send(&case.bare(scan, &[]).with(credential)).await.map(Some);
        }
        for operation in scan.document.operations.iter().filter(|one| one.method == Method::Get) {
            let single = facts::last_parameter(operation.path).is_some();
            if let Some(inputs) = self.inputs(scan, world, operation).filter(|_| single) {
                return scan
                    .send(&scan.written(operation, &inputs).with(credential))
                    .await
                    .map(Some);
            }
        }
        Ok(None)
    }
}

/// The request with which a caller is told about himself, without a credential.
pub fn mirror_of(scan: &Scan<'_>, world: &World) -> Option<crate::live::request::Request> {
    let index = mirrors(scan, world).into_iter().next()?;
    Some(world.case(index, Who::A)?.bare(scan, &[]))
}

/// What lists of people that somebody of ours may read say of an account, with the answers.
///
/// # Errors
/// See [`WireError`].
pub async fn listed(
    scan: &Scan<'_>,
    world: &World,
    account: &Account,
) -> Result<(Map<String, Value>, Vec<Exchange>), WireError> {
    let (mut told, mut shown) = (Map::new(), Vec::new());
    for index in directories(scan, world) {
        let Some(case) = world.any_case(index) else { continue };
        let reply = scan.send(&case.request(scan, &[])).await?;
        let Some(json) = reply.json() else { continue };
        let mut records = facts::lists(&json).into_iter().flat_map(|(_, records)| records);
        let own = records.find(|record| {
            let mut values = record.values().filter_map(facts::scalar);
            values.any(|value| value == account.name || value == account.email)
        });
        if let Some(own) = own {
            told.extend(own);
            shown.push(reply.exchange);
        }
    }
    Ok((told, shown))
}

/// Operations that tell a caller about himself.
fn mirrors(scan: &Scan<'_>, world: &World) -> Vec<usize> {
    let own =
        ["me", "self", "profile", "whoami", "current", "my", "session", "userinfo", "account"];
    let all = scan.document.operations.iter().enumerate();
    let found = all.filter(|(index, one)| {
        let told = one.path.split('/').flat_map(words).any(|word| own.contains(&word.as_str()));
        let names = world.names(Who::A);
        let shown = || {
            world.case(*index, Who::A).is_some_and(|case| {
                let record = case.reply.json().as_ref().and_then(facts::record).unwrap_or_default();
                names.is_empty()
                    || record
                        .values()
                        .filter_map(facts::scalar)
                        .any(|value| names.iter().any(|(_, name)| *name == value))
            })
        };
        one.method == Method::Get && !one.is_templated() && told && shown()
    });
    found.map(|(index, _)| index).take(2).collect()
}

/// Operations that list people, A among them.
fn directories(scan: &Scan<'_>, world: &World) -> Vec<usize> {
    let names = world.names(Who::A);
    let lists_people = |index: usize| {
        [Who::A, Who::Admin].iter().filter_map(|who| world.case(index, *who)).any(|case| {
            let json = case.reply.json().unwrap_or_default();
            let mut records = facts::lists(&json).into_iter().flat_map(|(_, records)| records);
            records.any(|record| {
                let ids = ["id", "username", "login", "name", "email", "user_id"];
                let told = ids.iter().filter_map(|key| facts::scalar(record.get(*key)?));
                told.into_iter().any(|value| {
                    names.iter().any(|(key, name)| {
                        *name == value && (key != "id" || record.len() > 1) && value.len() > 2
                    })
                })
            })
        })
    };
    let all = scan.document.operations.iter().enumerate();
    let lists = all.filter(|(index, one)| {
        one.method == Method::Get && !one.is_templated() && lists_people(*index)
    });
    lists.map(|(index, _)| index).take(3).collect()
}

/// The path parameter that names a person, with the path before it.
fn person_parameter<'o>(
    scan: &Scan<'_>,
    world: &World,
    operation: &'o Operation<'_>,
) -> Option<(&'o str, &'o str)> {
    let people = [
        "user", "username", "member", "customer", "account", "person", "profile", "login", "owner",
    ];
    let directories: Vec<_> = directories(scan, world)
        .into_iter()
        .filter_map(|index| Some(facts::normal(scan.document.operations.get(index)?.path)))
        .collect();
    let names = facts::parameters(operation.path);
    let mut found = names.into_iter().filter_map(|name| {
        let before = operation.path.split(&format!("/{{{name}}}")).next()?;
        let said = words(name);
        let told = said.iter().any(|word| people.contains(&word.as_str()))
            || people.contains(&facts::kind(before).as_str());
        let known = world.cases().iter().any(|case| {
            let same = scan.document.operations.get(case.operation).is_some_and(|one| {
                one.path.starts_with(before) && one.path.contains(&format!("{before}/{{"))
            });
            let value =
                case.inputs.path.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            case.who == Who::A
                && same
                && value.is_some_and(|value| {
                    value.len() > 2 && world.names(Who::A).iter().any(|(_, known)| known == value)
                })
        });
        (told || known || directories.contains(&facts::normal(before))).then_some((name, before))
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Files;

    #[test]
    fn what_is_for_everybody_by_its_words_is_no_office() {
        for text in [
            "Coming sales, for everybody with an account",
            "State of the site; any signed-in user may look",
        ] {
            assert!(is_for_everybody(text), "{text}");
        }
        for text in [
            "Block any user",
            "Sales of everybody",
            "List orders for all users (admin only)",
            "Not open to everybody",
            "For staff",
        ] {
            assert!(!is_for_everybody(text), "{text}");
        }
    }

    #[test]
    fn a_word_of_most_paths_marks_no_office() {
        let marked = |paths: &[&str]| {
            let all = paths.iter().map(|path| ((*path).to_owned(), json!({"get": {}})));
            let files = Files::of_value(json!({"openapi": "3.0.0", "paths": Map::from_iter(all)}));
            let document = Api::read(&files).expect("an api");
            document.operations.iter().filter(|one| is_marked(&document, one)).count()
        };
        let few = ["/admin/users", "/a", "/b", "/c", "/d", "/e", "/f", "/g"];
        assert_eq!(marked(&few), 1);
        let all = ["/admin/a", "/admin/b", "/admin/c", "/admin/d", "/admin/e", "/f", "/g", "/h"];
        assert_eq!(marked(&all), 0);
    }

    #[test]
    fn offices_are_told_in_many_words() {
        for text in [
            "Remove a member (moderators)",
            "All accounts (staff only)",
            "Only admins may",
            "All users (administrators)",
            "Deletes a user (Only Admins)",
            "Accounts, for administrators",
            "Needs the role: admins can do it",
        ] {
            assert!(is_told(text), "{text}");
        }
        for text in [
            "Orders (30 in 10 seconds)",
            "a draft that only you see",
            "Change your own card",
            "My orders",
            "Lets the admin app open the last page again",
            "Products of a tag (rye, spelt)",
        ] {
            assert!(!is_told(text), "{text}");
        }
    }
}
