//! Who may call, as a document says: schemes, and what each operation requires of them.

use super::{At, Edition, Files, Node};

/// What kind of credential a scheme takes.
#[derive(Debug, Clone)]
pub enum SchemeKind<'a> {
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// `Authorization: Bearer` (RFC 6750), with the format that the document names.
    Bearer {
        format: &'a str,
    },
    /// Another scheme of the HTTP authentication registry.
    Http {
        scheme: &'a str,
    },
    Key {
        name: &'a str,
        put: &'a str,
    },
    OAuth {
        flows: Vec<Flow<'a>>,
    },
    OpenId {
        url: &'a str,
    },
    MutualTls,
    /// A type that no edition knows.
    Unknown,
}

/// One flow of OAuth 2.0 (RFC 6749).
#[derive(Debug, Clone)]
pub struct Flow<'a> {
    /// `implicit`, `password`, `clientCredentials` or `authorizationCode`, whatever the edition.
    pub name: &'static str,
    pub authorization_url: Option<&'a str>,
    pub token_url: Option<&'a str>,
    pub refresh_url: Option<&'a str>,
    /// Scopes with what they mean.
    pub scopes: Vec<(&'a str, &'a str)>,
    pub at: At,
}

/// A security scheme.
#[derive(Debug, Clone)]
pub struct Scheme<'a> {
    pub name: &'a str,
    pub kind: SchemeKind<'a>,
    pub description: &'a str,
    pub at: At,
}

/// One alternative: every scheme in it is needed. Empty: nothing is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// Names of schemes with the scopes that they must grant.
    pub schemes: Vec<(&'a str, Vec<&'a str>)>,
}

/// What an operation requires.
#[derive(Debug, Clone)]
pub struct Security<'a> {
    /// Any one of these is enough. Empty with `stated`: nothing is needed.
    pub alternatives: Vec<Requirement<'a>>,
    /// False if neither the operation nor the document says anything.
    pub stated: bool,
    /// True if the operation says it itself.
    pub own: bool,
    pub at: At,
}

impl<'a> Security<'a> {
    /// True if the document says in so many words that nobody has to prove who he is: an empty list
    /// (OpenAPI 3.1, Operation Object), or one of empty alternatives only.
    pub fn is_waived(&self) -> bool {
        self.stated && self.alternatives.iter().all(|one| one.schemes.is_empty())
    }

    /// True if one of several alternatives asks for nothing.
    pub fn is_optional(&self) -> bool {
        self.alternatives.iter().any(|one| one.schemes.is_empty())
    }

    /// True if a caller without any credential is served, as far as the document tells.
    pub fn is_open(&self) -> bool {
        !self.stated || self.is_waived() || self.is_optional()
    }

    /// Every scheme that any alternative names, with its scopes.
    pub fn named(&self) -> impl Iterator<Item = &(&'a str, Vec<&'a str>)> {
        self.alternatives.iter().flat_map(|one| one.schemes.iter())
    }
}

/// The requirements of an operation, or of the document where it has none of its own.
pub(super) fn required<'a>(operation: Node<'a>, root: Node<'a>, at: &At) -> Security<'a> {
    let own = operation.get("security");
    let (stated, place) = match own {
        Some(own) => (Some(own), at.then("security")),
        None => (root.get("security"), At::default().then("security")),
    };
    // Something that is no list says nothing that could be relied on.
    let stated = stated.filter(|stated| stated.value.is_array());
    let alternatives = stated.into_iter().flat_map(Node::items).filter(|one| one.value.is_object());
    let alternatives = alternatives.map(|one| Requirement {
        schemes: one
            .members()
            .map(|(name, scopes)| {
                (name, scopes.items().filter_map(|one| one.value.as_str()).collect())
            })
            .collect(),
    });
    Security {
        alternatives: alternatives.collect(),
        stated: stated.is_some(),
        own: own.is_some(),
        at: place,
    }
}

pub(super) fn schemes<'a>(files: &'a Files, root: Node<'a>, edition: Edition) -> Vec<Scheme<'a>> {
    let (at, list) = match edition {
        Edition::V2 => (At::default().then("securityDefinitions"), root.get("securityDefinitions")),
        _ => {
            let components = root.get("components").and_then(|one| one.get("securitySchemes"));
            (At::default().then("components").then("securitySchemes"), components)
        }
    };
    let scheme = |(name, node): (&'a str, Node<'a>)| {
        let node = files.resolve(node)?;
        let at = at.then(name);
        let kind = kind(node, edition, &at);
        let description = node.text("description").unwrap_or_default();
        Some(Scheme { name, kind, description, at })
    };
    list.into_iter().flat_map(Node::members).filter_map(scheme).collect()
}

fn kind<'a>(node: Node<'a>, edition: Edition, at: &At) -> SchemeKind<'a> {
    let text = |key| node.text(key).unwrap_or_default();
    match text("type") {
        "basic" if edition == Edition::V2 => SchemeKind::Basic,
        "http" => match text("scheme") {
            scheme if scheme.eq_ignore_ascii_case("basic") => SchemeKind::Basic,
            scheme if scheme.eq_ignore_ascii_case("bearer") => {
                SchemeKind::Bearer { format: text("bearerFormat") }
            }
            scheme => SchemeKind::Http { scheme },
        },
        "apiKey" => SchemeKind::Key { name: text("name"), put: text("in") },
        "oauth2" if edition == Edition::V2 => {
            let flow = flow(text("flow"), node, at.clone());
            SchemeKind::OAuth { flows: flow.into_iter().collect() }
        }
        "oauth2" => {
            let flows = node.get("flows").into_iter().flat_map(Node::members);
            let at = at.then("flows");
            let flows = flows.filter_map(|(name, one)| flow(name, one, at.then(name)));
            SchemeKind::OAuth { flows: flows.collect() }
        }
        "openIdConnect" => SchemeKind::OpenId { url: text("openIdConnectUrl") },
        "mutualTLS" => SchemeKind::MutualTls,
        _ => SchemeKind::Unknown,
    }
}

fn flow<'a>(name: &str, node: Node<'a>, at: At) -> Option<Flow<'a>> {
    let name = match name {
        "implicit" => "implicit",
        "password" => "password",
        "application" | "clientCredentials" => "clientCredentials",
        "accessCode" | "authorizationCode" => "authorizationCode",
        _ => return None,
    };
    let scopes = node.get("scopes").into_iter().flat_map(Node::members);
    Some(Flow {
        name,
        authorization_url: node.text("authorizationUrl"),
        token_url: node.text("tokenUrl"),
        refresh_url: node.text("refreshUrl"),
        scopes: scopes
            .map(|(scope, text)| (scope, text.value.as_str().unwrap_or_default()))
            .collect(),
        at,
    })
}
