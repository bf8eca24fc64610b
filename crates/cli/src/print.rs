//! Printing that ends quietly: in this crate `println!` and its sisters mean these.
//!
//! The standard library's panic when nobody reads any more, as in `portcullis ledger show | head`.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};

/// What a shell reports for a program that a closed pipe ended: 128 and SIGPIPE.
const NOBODY_READS: i32 = 141;

macro_rules! print {
    ($($text:tt)*) => { $crate::print::out(format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::print::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::print::line(format_args!($($text)*)) };
}

macro_rules! eprint {
    ($($text:tt)*) => { $crate::print::aside(format_args!($($text)*)) };
}

macro_rules! eprintln {
    () => { $crate::print::aside(format_args!("\n")) };
    ($($text:tt)*) => { $crate::print::aside(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes to standard output; ends the program when nobody reads it any more.
pub fn out(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let written = out.write_fmt(text).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(NOBODY_READS),
        Err(error) => {
            aside(format_args!("failed: writing to standard output: {error}\n"));
            std::process::exit(3)
        }
        Ok(()) => {}
    }
}

/// The same with the end of a line, in one piece.
pub fn line(text: Arguments<'_>) {
    out(format_args!("{text}\n"));
}

/// Writes to standard error; what cannot be written there has nowhere to go.
pub fn aside(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}
