//! Finds the operations that register, log in, log out and the like, by their words and bodies.

use crate::api::{Api, Media, Method, Operation, SchemeKind};
use crate::live::invent::words;
use crate::live::scan::Scan;

/// What an operation does to an account or a session, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Register,
    LogIn,
    LogOut,
    /// Exchanges a refresh token for a new credential.
    Refresh,
    /// Sets or resets a password.
    Password,
    /// None of these.
    Plain,
}

/// A way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// A documented operation, by index.
    Operation(usize),
    /// The token address of a password flow (RFC 6749 §4.3) that is no documented operation.
    Token(String),
}

impl Door {
    /// What evidence calls it.
    pub fn label(&self, scan: &Scan<'_>) -> String {
        match self {
            Self::Operation(index) => {
                scan.document.operations.get(*index).map(Operation::label).unwrap_or_default()
            }
            Self::Token(path) => format!("POST {path}"),
        }
    }
}

const REGISTER: [&str; 11] = [
    "register",
    "registration",
    "registrations",
    "registers",
    "signup",
    "signups",
    "enrol",
    "enroll",
    "join",
    "onboard",
    "createuser",
];
const LOG_IN: [&str; 9] = [
    "login",
    "logins",
    "signin",
    "authenticate",
    "authentication",
    "auth",
    "token",
    "session",
    "sessions",
];
const LOG_OUT: [&str; 6] =
    ["logout", "signout", "logoff", "revoke", "invalidate", "unauthenticate"];
const ACCOUNTS: [&str; 14] = [
    "user",
    "users",
    "account",
    "accounts",
    "customer",
    "customers",
    "member",
    "members",
    "client",
    "clients",
    "profile",
    "profiles",
    "person",
    "people",
];
const CHANGES: [&str; 10] = [
    "reset",
    "forgot",
    "forgotten",
    "change",
    "recover",
    "recovery",
    "verify",
    "confirm",
    "update",
    "otp",
];

/// What an operation does, by its words, its method and its body.
pub fn role(document: &Api<'_>, operation: &Operation<'_>) -> Role {
    let said = Said::of(operation);
    let fields = fields(document, operation);
    let asks_password = fields.iter().any(|name| is_password(name));
    let changing = said.has(&CHANGES) || fields.iter().any(|name| is_new_password(name));
    match operation.method {
        _ if said.has(&LOG_OUT) || said.pair("log", "out") || said.pair("sign", "out") => {
            Role::LogOut
        }
        Method::Delete if said.path_has(&["session", "sessions", "token", "tokens", "login"]) => {
            Role::LogOut
        }
        Method::Get | Method::Head | Method::Delete => Role::Plain,
        _ if said.has(&["refresh"]) => Role::Refresh,
        _ if said.has(&["forgot", "forgotten"]) => Role::Password,
        // A profile that a password can be changed in, too.
        Method::Put | Method::Patch if is_profile(&said, &fields) => Role::Plain,
        _ if changing && (asks_password || said.has(&["password", "passwd", "otp"])) => {
            Role::Password
        }
        // Another address is a change like any other; one that is confirmed or recovered is a way in.
        _ if changing && said.has(&["email"]) && !said.has(&["update", "change"]) => Role::Password,
        Method::Post | Method::Put
            if !operation.is_templated() && said.registers(asks_password, &fields) =>
        {
            Role::Register
        }
        Method::Post if !operation.is_templated() && said.logs_in(asks_password, &fields) => {
            Role::LogIn
        }
        _ => Role::Plain,
    }
}

/// True for a change of what an account is called or shows, a password among it.
fn is_profile(said: &Said, fields: &[String]) -> bool {
    let mut login = ["password", "passwd", "otp", "pin", "passcode"].iter();
    let others = fields.iter().filter(|name| !is_password(name));
    let telling = others.filter(|name| !name.contains("token") && !name.contains("code")).count();
    !login.any(|word| said.has(&[word]))
        && !fields.iter().any(|name| is_new_password(name))
        && telling > 1
}

/// Operations that register an account, the likeliest first.
pub fn registrations(document: &Api<'_>) -> Vec<usize> {
    ranked(document, Role::Register, |operation, fields| {
        let said = Said::of(operation);
        let open = i32::from(operation.security.is_open());
        let worded = i32::from(said.has(&REGISTER) || said.pair("sign", "up"));
        let admin = i32::from(said.has(&["admin", "admins", "administrator", "staff"]));
        let typed = i32::from(fields.iter().any(|name| is_password(name)));
        4 * open + 3 * worded + 3 * typed - 6 * admin
    })
}

/// Ways to log in, the likeliest first.
pub fn logins(document: &Api<'_>) -> Vec<Door> {
    let found = ranked(document, Role::LogIn, |operation, fields| {
        let said = Said::of(operation);
        let open = i32::from(operation.security.is_open());
        let worded =
            i32::from(said.has(&["login", "signin", "authenticate"]) || said.pair("log", "in"));
        let admin = i32::from(said.has(&["admin", "admins", "administrator", "staff"]));
        let typed = i32::from(fields.iter().any(|name| is_password(name)));
        4 * open + 2 * worded + 4 * typed - 5 * admin
    });
    let mut doors: Vec<_> = found.into_iter().map(Door::Operation).collect();
    for path in token_paths(document) {
        let known = document
            .operations
            .iter()
            .any(|one| one.method == Method::Post && path.ends_with(one.path));
        if !known {
            doors.push(Door::Token(path));
        }
    }
    doors
}

/// Addresses of password flows, as paths.
fn token_paths(document: &Api<'_>) -> Vec<String> {
    let flows = document.schemes.iter().filter_map(|scheme| match &scheme.kind {
        SchemeKind::OAuth { flows } => Some(flows),
        _ => None,
    });
    let urls =
        flows.flatten().filter(|flow| flow.name == "password").filter_map(|flow| flow.token_url);
    urls.map(|url| match url::Url::parse(url) {
        Ok(url) => url.path().to_owned(),
        Err(_) => format!("/{}", url.trim_start_matches("./").trim_start_matches('/')),
    })
    .collect()
}

fn ranked(
    document: &Api<'_>,
    wanted: Role,
    score: impl Fn(&Operation<'_>, &[String]) -> i32,
) -> Vec<usize> {
    let all = document.operations.iter().enumerate();
    let mut found: Vec<_> = all
        .filter(|(_, one)| role(document, one) == wanted)
        .map(|(index, one)| (-score(one, &fields(document, one)), one.path.len(), index))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, index)| index).collect()
}

/// Names of the fields of a body, and of query parameters: some services log in by those.
pub fn fields(document: &Api<'_>, operation: &Operation<'_>) -> Vec<String> {
    let schemas = operation.bodies.iter().filter_map(|body: &Media<'_>| body.schema);
    let shapes = schemas.flat_map(|schema| document.shapes.closure(schema.shape));
    let shapes: Vec<_> = shapes.filter_map(|index| document.shapes.list.get(index)).collect();
    let named = shapes.iter().flat_map(|shape| shape.fields.iter()).map(|field| field.name);
    let examples = operation.bodies.iter().map(|body| document.body_value(body));
    let examples = examples
        .filter_map(|value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()));
    let parameters = operation.parameters.iter().map(|one| one.name.to_owned());
    let mut names: Vec<String> =
        named.map(str::to_owned).chain(examples.flatten()).chain(parameters).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

/// True for the field of a password.
pub fn is_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "passcode", "pwd"].iter().any(|word| lower.contains(word))
        || matches!(lower.as_str(), "pass" | "pw" | "pin")
}

fn is_new_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_password(name) && ["new", "old", "current"].iter().any(|word| lower.contains(word))
}

/// The words of an operation.
struct Said {
    path: Vec<String>,
    all: Vec<String>,
    posts_to_accounts: bool,
}

impl Said {
    fn of(operation: &Operation<'_>) -> Self {
        let path: Vec<_> = operation
            .path
            .split('/')
            .filter(|part| !part.starts_with('{'))
            .flat_map(words)
            .collect();
        let more = operation.id.into_iter().chain([operation.summary]).flat_map(words);
        let last = operation.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let posts_to_accounts = ACCOUNTS.contains(&last.to_ascii_lowercase().as_str());
        Self { all: path.iter().cloned().chain(more).collect(), path, posts_to_accounts }
    }

    fn has(&self, list: &[&str]) -> bool {
        self.all.iter().any(|word| list.contains(&word.as_str()))
    }

    fn path_has(&self, list: &[&str]) -> bool {
        self.path.iter().any(|word| list.contains(&word.as_str()))
    }

    /// Two words that stand beside each other, as in `sign-up`.
    fn pair(&self, first: &str, second: &str) -> bool {
        self.all
            .windows(2)
            .any(|two| matches!(two, [one, other] if one == first && other == second))
    }

    fn registers(&self, asks_password: bool, fields: &[String]) -> bool {
        let personal = ["user", "name", "mail", "login"];
        let about = fields.is_empty()
            || fields
                .iter()
                .any(|field| personal.iter().any(|word| field.to_ascii_lowercase().contains(word)));
        let worded = (self.has(&REGISTER) || self.pair("sign", "up")) && about;
        let creates = ["create", "add", "new", "open", "make"].iter().any(|verb| self.has(&[verb]));
        let login = self.logs_in_by_words();
        (worded && !(login && !self.path_has(&REGISTER) && !self.pair("sign", "up")))
            || (asks_password
                && !login
                && (self.posts_to_accounts || creates && self.has(&ACCOUNTS)))
    }

    fn logs_in_by_words(&self) -> bool {
        self.has(&["login", "logins", "signin", "authenticate"])
            || self.pair("log", "in")
            || self.pair("sign", "in")
    }

    fn logs_in(&self, asks_password: bool, fields: &[String]) -> bool {
        // A thing may be kept behind a word of its own: that is no way in.
        let who = ["user", "name", "mail", "login", "account", "phone"];
        let names =
            |field: &String| who.iter().any(|word| field.to_ascii_lowercase().contains(word));
        let asks_who = fields.len() <= 2 || fields.iter().any(names);
        let worded = self.has(&LOG_IN) || !self.posts_to_accounts && asks_who;
        self.logs_in_by_words() || (asks_password && worded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Files;
    use serde_json::json;

    fn role_of(path: &str, method: &str, fields: &[&str]) -> Role {
        let properties: serde_json::Map<_, _> =
            fields.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        let body = json!({"content": {"application/json": {"schema": {"properties": properties}}}});
        let files = Files::of_value(json!({
            "openapi": "3.0.0", "paths": {path: {method: {"requestBody": body, "operationId": "x"}}}
        }));
        let document = Api::read(&files).expect("an api");
        role(&document, &document.operations[0])
    }

    #[test]
    fn a_thing_behind_a_word_of_its_own_is_no_login() {
        assert_eq!(role_of("/surveys", "post", &["title", "intro", "passcode"]), Role::Plain);
        assert_eq!(role_of("/enter", "post", &["email", "password"]), Role::LogIn);
        assert_eq!(role_of("/sessions", "post", &["who", "word", "more", "password"]), Role::LogIn);
    }

    #[test]
    fn another_address_is_a_change_and_one_that_is_confirmed_a_way_in() {
        assert_eq!(role_of("/users/{id}/update-email", "put", &["email"]), Role::Plain);
        assert_eq!(role_of("/email/confirm", "post", &["email", "code"]), Role::Password);
    }
}
