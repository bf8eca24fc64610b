//! The spool: the one writer of reservations, lines and segments. Memory is what the files are made
//! from again whenever the disk fails; the files are what memory is made from after a crash.
//!
//! ```text
//! spool/reserved          numbers below this may have been given out
//! spool/calls-000007      the lines that are in no segment yet
//! segments/000001.jsonl   the lines of a segment
//! segments/000001.json    its signed head; a segment without one does not exist
//! ```

mod disk;
mod writer;

pub use disk::{head_of, lines_of};
pub use writer::{Writer, run};
