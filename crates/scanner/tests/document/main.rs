//! The document scan against documents that nobody here wrote, and against hostile ones.

mod corpus;
mod generated;
mod hostile;
mod precision;
mod real;
