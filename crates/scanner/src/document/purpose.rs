//! What an operation is for, as far as its path and its name tell.

use super::words::Words;
use crate::api::{Api, Method, Node, Operation, Put};

mod lists;

use lists::{
    ADMINISTRATION, LOGIN, PERSONAL, PUBLIC, READING, SIGN_UP, TOLD_CHANGING, TOLD_READING,
    TOLD_SEARCHING, VOCABULARIES,
};

/// The parts of a path that are no parameters, in order.
pub fn fixed<'p>(operation: &Operation<'p>) -> impl Iterator<Item = &'p str> {
    operation.path.split('/').filter(|part| !part.is_empty() && !part.contains('{'))
}

/// The last fixed part of the path, in words.
pub fn last(operation: &Operation<'_>) -> Words {
    Words::of(fixed(operation).last().unwrap_or_default())
}

fn id(operation: &Operation<'_>) -> Words {
    // Generated names repeat class and path: `UserController_login`.
    Words::of(operation.id.unwrap_or_default())
}

/// True where a caller proves who he is: these are attacked by guessing.
pub fn is_login(operation: &Operation<'_>) -> bool {
    operation.method == Method::Post
        && (last(operation).is(LOGIN).is_some() || id(operation).is(LOGIN).is_some())
}

/// Logins by any name.
const GUESSED: &[&str] = &[
    "login",
    "logon",
    "signin",
    "sign in",
    "log in",
    "authenticate",
    "password reset",
    "reset password",
    "forgot password",
    "forgotpassword",
    "resetpassword",
    "passwordreset",
    "verify otp",
    "otp verify",
    "mfa verify",
];

/// What a guess is sent in.
const GUESSES: &[&str] = &[
    "password",
    "passwd",
    "otp",
    "passcode",
    "pin",
    "totp",
    "client secret",
    "one time password",
    "verification code",
    "grant type",
];

/// True for a login or reset, and for whatever makes a token or session out of a password or code.
pub fn is_guessable(api: &Api<'_>, operation: &Operation<'_>) -> bool {
    if operation.method != Method::Post {
        return false;
    }
    let path: Vec<&str> = fixed(operation).collect();
    let two = path.get(path.len().saturating_sub(2)..).unwrap_or_default().join(" ");
    let named = last(operation).is(GUESSED).or(Words::of(&two).is(GUESSED));
    // Of somebody else, by an administrator: nothing is guessed there.
    let ordered = operation.is_templated() && named.is_some_and(|name| name.contains("password"));
    let named = named.is_some() && !ordered;
    named || (is_login(operation) && takes_guess(api, operation))
}

fn takes_guess(api: &Api<'_>, operation: &Operation<'_>) -> bool {
    let guess = |name: &str| Words::of(name).is(GUESSES).is_some();
    let bodies = operation.bodies.iter().filter_map(|body| body.schema);
    let shapes = bodies.flat_map(|schema| api.shapes.closure(schema.shape));
    let mut fields =
        shapes.filter_map(|shape| api.shapes.list.get(shape)).flat_map(|one| &one.fields);
    operation.parameters.iter().any(|one| guess(one.name)) || fields.any(|field| guess(field.name))
}

/// True for what may have a body that is used: everything but plain reads.
pub fn is_requesting(operation: &Operation<'_>) -> bool {
    !operation.method.is_safe()
}

/// True for what has to be reached before anybody can prove who he is, and for what is public by
/// its nature.
pub fn is_entrance(operation: &Operation<'_>) -> bool {
    let all = [LOGIN, SIGN_UP, PUBLIC];
    let last = last(operation);
    let id = id(operation);
    let within = |words: &Words| all.iter().any(|list| words.is(list).is_some());
    let named = |words: &Words| words.says(LOGIN).or(words.says(SIGN_UP)).is_some();
    let at_all = fixed(operation).any(|part| {
        let part = Words::of(part);
        let public = [
            "public",
            "pub",
            "well known",
            "webhook",
            "webhooks",
            "callback",
            "callbacks",
            "oauth",
            "sso",
            "saml",
            "anonymous",
            "anon",
            "guest",
            "health",
        ];
        // Served by customers: `/your/webhook`.
        part.is(&public).is_some() || part.first() == "your"
    });
    fixed(operation).next().is_none()
        || at_all
        || within(&last)
        || within(&id)
        || named(&last)
        || named(&id)
        || begins_by_command(operation)
}

/// True if a parameter allows nothing but to begin: `cmd=register`.
fn begins_by_command(operation: &Operation<'_>) -> bool {
    let begins = |one: Node<'_>| {
        one.value.as_str().is_some_and(|text| Words::of(text).is(SIGN_UP).is_some())
    };
    operation.at_place(Put::Query).filter(|one| one.required).any(|one| {
        let values = one.schema.and_then(|schema| schema.node.get("enum"));
        values.is_some_and(|values| values.items().next().is_some() && values.items().all(begins))
    })
}

/// True where words tell that it is open on purpose, or that its address is the credential.
pub fn is_meant_open(operation: &Operation<'_>) -> bool {
    let text = format!("{} {}", operation.summary, operation.description).to_lowercase();
    let said = [
        "anonymously",
        "without authentication",
        "no authentication required",
        "no authentication is",
        "not require authentication",
        "authentication is not required",
        "presigned",
        "pre-signed",
        "signed url",
        "full url",
    ];
    said.iter().any(|words| text.contains(words)) || is_counting(operation, &text)
}

/// True if all it does is to count that somebody looked: visitors have no account.
fn is_counting(operation: &Operation<'_>, text: &str) -> bool {
    let counted = ["view", "views", "hit", "hits", "impression", "impressions", "plays"];
    let counts = ["counter", "view count", "increment", "impression"];
    operation.method == Method::Post
        && last(operation).is(&counted).is_some()
        && counts.iter().any(|words| text.contains(words))
}

/// True for a person's page under his public name: `/users/{username}`.
pub fn is_public_profile(operation: &Operation<'_>) -> bool {
    let names = ["name", "username", "user name", "handle", "login", "screen name", "nickname"];
    let last = operation.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = last.strip_prefix('{').and_then(|last| last.strip_suffix('}'));
    operation.method == Method::Get
        && name.is_some_and(|name| Words::of(name).is(&names).is_some())
        && self::last(operation)
            .is(&["users", "accounts", "profiles", "members", "people"])
            .is_some()
}

/// True for lists like the countries and types that an API knows.
pub fn is_vocabulary(operation: &Operation<'_>) -> bool {
    let branding = fixed(operation)
        .any(|part| Words::of(part).is(&["branding", "types", "engines", "kernels"]).is_some());
    branding || last(operation).ends(VOCABULARIES).is_some()
}

/// True if what stands under this path belongs to somebody.
pub fn is_personal(operation: &Operation<'_>) -> bool {
    fixed(operation).any(|part| Words::of(part).says(PERSONAL).is_some())
}

/// True for a part of the API that is an administrator's.
pub fn is_administration(operation: &Operation<'_>) -> bool {
    fixed(operation).any(|part| Words::of(part).is(ADMINISTRATION).is_some())
}

/// True if it changes something, as far as method and name tell.
pub fn is_writing(operation: &Operation<'_>) -> bool {
    match operation.method {
        Method::Put | Method::Patch | Method::Delete => true,
        Method::Post => {
            let id = id(operation);
            last(operation).says(READING).is_none()
                && id.starts(READING).is_none()
                && id.ends(READING).is_none()
                && !is_told_reading(operation)
        }
        _ => false,
    }
}

/// True if words tell that a `POST` only reads: its summary begins so, or its description with a
/// search.
fn is_told_reading(operation: &Operation<'_>) -> bool {
    let (summary, text) = (Words::of(operation.summary), Words::of(operation.description));
    let reads = begins_reading(&summary);
    let searches = text.starts(TOLD_SEARCHING).is_some();
    (reads || searches) && summary.says(TOLD_CHANGING).is_none()
}

/// True for a summary that begins as that of a read: `Get …`.
pub fn begins_reading(summary: &Words) -> bool {
    summary.starts(TOLD_READING).is_some() && summary.are_many()
}

/// True if it addresses one object by its identifier.
pub fn is_addressed(operation: &Operation<'_>) -> bool {
    operation.path.split('/').any(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return false;
        };
        let words = Words::of(name);
        words
            .ends(&[
                "id",
                "uuid",
                "guid",
                "key",
                "slug",
                "number",
                "no",
                "code",
                "uid",
                "identifier",
                "ids",
                "reference",
                "ref",
            ])
            .is_some()
    })
}

/// How many operations ask for a credential, and how many do not though they could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guarded {
    pub guarded: usize,
    pub open: usize,
}

impl Guarded {
    pub fn of(api: &Api<'_>) -> Self {
        let asked = api.operations.iter().filter(|one| !is_entrance(one));
        let (open, guarded): (Vec<_>, Vec<_>) = asked.partition(|one| one.security.is_open());
        Self { guarded: guarded.len(), open: open.len() }
    }

    /// True if an operation without a credential is an exception in this API.
    pub fn is_rule(self) -> bool {
        self.guarded > self.open
    }

    /// True if hardly any operation is open: then a read without a credential was forgotten.
    pub fn is_strict(self) -> bool {
        self.guarded > 2 * self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn told(method: &str, path: &str, id: &str, ask: fn(&Operation<'_>) -> bool) -> bool {
        let root = trial::with(json!({"paths": {path: {method: {"operationId": id}}}}));
        let files = crate::api::Files::of_value(root);
        let api = Api::read(&files).expect("readable");
        ask(&api.operations[0])
    }

    #[test]
    fn an_entrance_is_told_from_a_room() {
        for (method, path, id) in [
            ("post", "/v1/auth/login", ""),
            ("post", "/users/signUp", ""),
            ("post", "/oauth2/token", ""),
            ("post", "/x", "AuthController_login"),
            ("get", "/.well-known/jwks.json", ""),
            ("get", "/", ""),
            ("post", "/webhooks/stripe", ""),
            ("post", "/password-reset", ""),
        ] {
            assert!(told(method, path, id, is_entrance), "{path}");
        }
        for (method, path, id) in [
            ("get", "/orders", "listOrders"),
            ("post", "/auth/users", "createUser"),
            ("delete", "/health-records/{id}", ""),
            ("get", "/publications", ""),
        ] {
            assert!(!told(method, path, id, is_entrance), "{path}");
        }
    }

    #[test]
    fn a_search_by_post_writes_nothing() {
        assert!(!told("post", "/orders/search", "", is_writing));
        assert!(!told("post", "/orders", "searchOrders", is_writing));
        assert!(told("post", "/orders", "createOrder", is_writing));
        assert!(told("delete", "/orders/search", "", is_writing));
    }

    #[test]
    fn administrators_places_are_told_by_whole_words() {
        assert!(told("get", "/api/admin/users", "", is_administration));
        assert!(!told("get", "/badminton", "", is_administration));
        assert!(!told("get", "/organizations/{id}/adminships", "", is_administration));
    }

    fn described(method: &str, path: &str, members: serde_json::Value) -> serde_json::Value {
        trial::with(json!({"paths": {path: {method: members}}}))
    }

    fn asked(root: serde_json::Value, ask: fn(&Operation<'_>) -> bool) -> bool {
        let files = crate::api::Files::of_value(root);
        ask(&Api::read(&files).expect("readable").operations[0])
    }

    #[test]
    fn words_tell_that_a_post_only_reads() {
        let writes = |summary: &str, description: &str| {
            let words = json!({"summary": summary, "description": description});
            asked(described("post", "/names", words), is_writing)
        };
        assert!(!writes("Get names and categories for a set of ids", ""));
        assert!(!writes("Character affiliation", "Bulk lookup of character ids"));
        assert!(writes("Get or create a cart", ""));
        assert!(writes("Returns", ""));
        assert!(writes("Create a search", "Search for orders"));
        assert!(writes("Order something", "Gets it to you"));
    }

    #[test]
    fn commands_that_begin_and_what_customers_serve_are_entrances() {
        let command = |values: serde_json::Value| {
            let schema = json!({"type": "string", "enum": values});
            let one = json!({"name": "cmd", "in": "query", "required": true, "schema": schema});
            asked(described("post", "/person", json!({"parameters": [one]})), is_entrance)
        };
        assert!(command(json!(["register"])));
        assert!(!command(json!(["register", "delete"])));
        assert!(told("post", "/your/configured/path/{id}", "", is_entrance));
        assert!(told("post", "/publish/anon", "", is_entrance));
        assert!(told("post", "/checkout/pub/carts/{id}", "", is_entrance));
    }

    #[test]
    fn words_tell_what_is_open_on_purpose() {
        let meant = |path: &str, words: &str| {
            asked(described("post", path, json!({"description": words})), is_meant_open)
        };
        assert!(meant("/path", "The full URL, with its query, is given by `POST /uploads`."));
        assert!(meant("/files", "Uploads to a pre-signed link."));
        assert!(meant("/publish", "Does not require authentication."));
        assert!(meant("/videos/{id}/views", "Increases the view counter."));
        assert!(!meant("/videos/{id}/views", "Creates a view of a table."));
        assert!(!meant("/files", "Uploads a file. Anonymous users may not."));
    }

    #[test]
    fn a_page_under_a_public_name_is_told_from_an_object() {
        assert!(told("get", "/users/{username}", "", is_public_profile));
        assert!(!told("get", "/users/{id}", "", is_public_profile));
        assert!(!told("get", "/users/{username}/orders", "", is_public_profile));
        assert!(!told("get", "/orders/{name}", "", is_public_profile));
    }
}
