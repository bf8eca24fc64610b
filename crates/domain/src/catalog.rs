//! What an API offers: its operations, their scopes, and which operation a call is.
//!
//! A vendor's OpenAPI document is read once (`document::import`) into the material "table of
//! operations" (`operations::Operations`). Everything after that, tickets, requests, policy and the
//! gateway, speaks of the table and never of the document. The gateway compiles the table into a
//! `matcher::Matcher`.

pub mod document;
pub mod matcher;
pub mod operations;
mod raw_path;
mod scope;
mod template;

pub use document::{Adjust, DocumentError, Imported, import};
pub use matcher::{Match, Matcher};
pub use operations::{Method, Operation, Operations, Placement, Scope, TableError, TableErrors};
pub use raw_path::Unmatchable;
pub(crate) use raw_path::decode as decode_path;
pub use template::TemplateError;
