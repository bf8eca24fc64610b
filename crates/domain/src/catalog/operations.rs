//! The material "table of operations": what a service's document offers, under which scopes.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::scope;
use super::template::{Template, TemplateError};

/// The most operations of one table.
pub const MOST_OPERATIONS: usize = 50_000;
const LONGEST_ID: usize = 512;
/// The longest title of a scope, in characters.
pub const LONGEST_TITLE: usize = 120;

/// The table of operations of one service.
///
/// A value is always whole: ids and scope names are unique and sorted, every template can be matched
/// and no two operations match the same paths by the same template. `serde_json::to_vec` of it is its
/// canonical form (RFC 8785): fields are declared in order and no number occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Operations {
    credential: Vec<Placement>,
    operations: Vec<Operation>,
    scopes: Vec<Scope>,
    /// The names of the scopes with an operation that may change something, sorted. Follows from the rest.
    #[serde(skip)]
    writing: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    credential: Vec<Placement>,
    operations: Vec<Operation>,
    scopes: Vec<Scope>,
}

/// One method on one path template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The document's `operationId`, or `get:/path/{name}` where it has no usable one.
    pub id: String,
    pub method: Method,
    /// The template as the document has it, without the path of its first server; `{name*}` is a
    /// last parameter that spans segments.
    pub path: String,
    /// The name of the one scope that the operation belongs to.
    pub scope: String,
}

/// A set of operations that is requested and granted as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Whether a tag or path of the scope's operations names administration.
    pub administration: bool,
    /// `[a-z0-9][a-z0-9._-]*(:[a-z]+)?`, such as `parcels:read`.
    pub name: String,
    /// Whether a request for it needs people; as `administration` unless the team said otherwise.
    pub sensitive: bool,
    pub title: String,
}

/// The methods an operation may have (RFC 9110 §9.3, RFC 5789).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
}

/// Where the document says that the vendor's credential stands in a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Placement {
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// The value of a header field, its name in lower case.
    Header { name: String },
    /// The value of a query parameter.
    Query { name: String },
}

/// What is wrong with a table; its codes are not part of any answer to users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("not a table of operations: {0}")]
    Unreadable(String),
    #[error("the table is not in canonical form (RFC 8785)")]
    NotCanonical,
    #[error("more than {MOST_OPERATIONS} operations")]
    TooManyOperations,
    #[error("{what} `{name}` is listed twice or out of order")]
    Order { what: &'static str, name: String },
    #[error("`{id}` is no operation id: 1 to 512 printable ASCII, no space, `\"` or `\\`")]
    Id { id: String },
    #[error("operation `{id}`: {reason}")]
    Template { id: String, reason: TemplateError },
    #[error("operations `{first}` and `{second}` have the same method and match the same paths")]
    Clash { first: String, second: String },
    #[error("`{name}` is no scope name: `[a-z0-9][a-z0-9._-]*(:[a-z]+)?`, at most 80 bytes")]
    ScopeName { name: String },
    #[error("operation `{id}` names the scope `{scope}`, which the table does not have")]
    UnknownScope { id: String, scope: String },
    #[error("no operation belongs to the scope `{name}`")]
    UnusedScope { name: String },
    #[error("the title of the scope `{name}` is empty, too long or has hidden characters")]
    ScopeTitle { name: String },
    #[error("a credential cannot stand in {placement}")]
    Placement { placement: Placement },
}

/// All that is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableErrors(pub Vec<TableError>);

impl Operations {
    /// Sorts the parts into a table.
    ///
    /// # Errors
    /// All that keeps the parts from being one.
    pub fn new(
        mut credential: Vec<Placement>,
        mut operations: Vec<Operation>,
        mut scopes: Vec<Scope>,
    ) -> Result<Self, TableErrors> {
        credential.sort();
        credential.dedup();
        operations.sort_by(|left, right| left.id.cmp(&right.id));
        scopes.sort_by(|left, right| left.name.cmp(&right.name));
        Self { credential, operations, scopes, writing: Vec::new() }.checked()
    }

    /// Reads a table from the bytes of its material.
    ///
    /// # Errors
    /// Bytes that are not exactly the canonical form of a table.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, TableErrors> {
        let unreadable =
            |error: serde_json::Error| TableErrors(vec![TableError::Unreadable(error.to_string())]);
        let table: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if table.to_canonical().map_err(unreadable)? != bytes {
            return Err(TableErrors(vec![TableError::NotCanonical]));
        }
        Ok(table)
    }

    /// The bytes of its material.
    ///
    /// # Errors
    /// None is known: the table holds nothing that JSON cannot.
    pub fn to_canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Where a credential may stand, sorted.
    pub fn credential(&self) -> &[Placement] {
        &self.credential
    }

    /// The operations, sorted by id; a `Match` names one by its place here.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The scopes, sorted by name.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The operation of this id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        let place = self.operations.binary_search_by(|operation| operation.id.as_str().cmp(id));
        place.ok().and_then(|place| self.operations.get(place))
    }

    /// The scope of this name.
    pub fn scope(&self, name: &str) -> Option<&Scope> {
        let place = self.scopes.binary_search_by(|scope| scope.name.as_str().cmp(name));
        place.ok().and_then(|place| self.scopes.get(place))
    }

    /// Whether an operation of this scope may change something: its method is not safe (RFC 9110 §9.2.1).
    pub fn writes(&self, scope: &str) -> bool {
        self.writing.binary_search_by(|name| name.as_str().cmp(scope)).is_ok()
    }

    fn checked(mut self) -> Result<Self, TableErrors> {
        let mut errors = Vec::new();
        if self.operations.len() > MOST_OPERATIONS {
            errors.push(TableError::TooManyOperations);
        }
        self.check_order(&mut errors);
        self.check_operations(&mut errors);
        self.check_scopes(&mut errors);
        for placement in self.credential.iter().filter(|placement| !placement.is_usable()) {
            errors.push(TableError::Placement { placement: placement.clone() });
        }
        let writing = self.operations.iter().filter(|operation| !operation.method.is_safe());
        let writing: BTreeSet<_> = writing.map(|operation| operation.scope.clone()).collect();
        self.writing = writing.into_iter().collect();
        if errors.is_empty() { Ok(self) } else { Err(TableErrors(errors)) }
    }

    fn check_order(&self, errors: &mut Vec<TableError>) {
        let mut twice = |what, name: String| errors.push(TableError::Order { what, name });
        for (left, right) in self.operations.iter().zip(self.operations.iter().skip(1)) {
            if left.id >= right.id {
                twice("operation", right.id.clone());
            }
        }
        for (left, right) in self.scopes.iter().zip(self.scopes.iter().skip(1)) {
            if left.name >= right.name {
                twice("scope", right.name.clone());
            }
        }
        for (left, right) in self.credential.iter().zip(self.credential.iter().skip(1)) {
            if left >= right {
                twice("placement", right.to_string());
            }
        }
    }

    fn check_operations(&self, errors: &mut Vec<TableError>) {
        let names: BTreeSet<&str> = self.scopes.iter().map(|scope| scope.name.as_str()).collect();
        let mut seen: HashMap<(Method, Template), &str> = HashMap::new();
        for Operation { id, method, path, scope } in &self.operations {
            if !is_operation_id(id) {
                errors.push(TableError::Id { id: id.clone() });
            }
            if !names.contains(scope.as_str()) {
                errors.push(TableError::UnknownScope { id: id.clone(), scope: scope.clone() });
            }
            match Template::parse(path) {
                Err(reason) => errors.push(TableError::Template { id: id.clone(), reason }),
                Ok(template) => {
                    if let Some(first) = seen.insert((*method, template), id) {
                        let (first, second) = (first.to_owned(), id.clone());
                        errors.push(TableError::Clash { first, second });
                    }
                }
            }
        }
    }

    fn check_scopes(&self, errors: &mut Vec<TableError>) {
        let used: BTreeSet<&str> = self.operations.iter().map(|one| one.scope.as_str()).collect();
        for Scope { name, title, .. } in &self.scopes {
            if !scope::is_name(name) {
                errors.push(TableError::ScopeName { name: name.clone() });
            }
            if !used.contains(name.as_str()) {
                errors.push(TableError::UnusedScope { name: name.clone() });
            }
            if title.is_empty() || !scope::is_plain_text(title, LONGEST_TITLE) {
                errors.push(TableError::ScopeTitle { name: name.clone() });
            }
        }
    }
}

impl TryFrom<Unchecked> for Operations {
    type Error = TableErrors;

    fn try_from(
        Unchecked { credential, operations, scopes }: Unchecked,
    ) -> Result<Self, TableErrors> {
        Self { credential, operations, scopes, writing: Vec::new() }.checked()
    }
}

/// Whether a text can be an operation's id.
pub fn is_operation_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(fits)
}

impl Method {
    /// Every method, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
        Self::Trace,
    ];

    /// The method of a request; methods are case-sensitive (RFC 9110 §9.1).
    pub fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == token)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
        }
    }

    /// Whether the method only reads (RFC 9110 §9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Placement {
    /// Whether a gateway can put a credential there without touching how the message is framed,
    /// routed or understood.
    pub fn is_usable(&self) -> bool {
        const TAKEN: [&str; 16] = [
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "cookie",
            "expect",
            "forwarded",
            "host",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "via",
            "x-forwarded-for",
        ];
        match self {
            Self::Basic | Self::Bearer => true,
            Self::Header { name } => is_field_name(name) && !TAKEN.contains(&name.as_str()),
            Self::Query { name } => {
                !name.is_empty()
                    && name.len() <= 100
                    && name.bytes().all(|byte| byte.is_ascii_graphic())
            }
        }
    }
}

/// A field name (RFC 9110 §5.1) in lower case.
fn is_field_name(name: &str) -> bool {
    let token = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    !name.is_empty() && name.len() <= 100 && name.bytes().all(token)
}

impl fmt::Display for Placement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic => formatter.write_str("`Authorization: Basic`"),
            Self::Bearer => formatter.write_str("`Authorization: Bearer`"),
            Self::Header { name } => write!(formatter, "the header `{name}`"),
            Self::Query { name } => write!(formatter, "the query parameter `{name}`"),
        }
    }
}

impl fmt::Display for TableErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.0.iter().enumerate() {
            if place > 0 {
                formatter.write_str("; ")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TableErrors {}

#[cfg(test)]
mod tests;
