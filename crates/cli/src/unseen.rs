//! A line that is typed at a terminal and seen by nobody.

use std::io::{BufRead as _, IsTerminal as _, Stdin, stdin};

use anyhow::{Context as _, Result};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use crate::exit::No;

/// One line of standard input, after `question` where a terminal asks it.
pub fn line(question: &str) -> Result<Zeroizing<String>> {
    let input = stdin();
    if !input.is_terminal() {
        let mut line = Zeroizing::new(String::new());
        input.read_line(&mut line)?;
        return Ok(line);
    }
    let quiet = Quiet::start(&input).context("keeping the terminal from showing what is typed")?;
    eprintln!("{question}");
    let mut typed = Zeroizing::new(Vec::new());
    loop {
        let mut input = input.lock();
        let read = input.fill_buf()?;
        let length = read.len();
        typed.extend_from_slice(read);
        input.consume(length);
        match typed.last() {
            Some(last) if *last == quiet.interrupt => return Err(No::refused("interrupted")),
            Some(b'\n') => break,
            _ if length == 0 => break,
            _ => {}
        }
    }
    let text = std::str::from_utf8(&typed).ok().context("what was typed is no text")?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing of what is typed; as it was before, once this is dropped.
struct Quiet {
    before: Termios,
    /// What Ctrl-C sends. It ends the line instead of the program, which then puts the terminal back.
    interrupt: u8,
}

impl Quiet {
    fn start(terminal: &Stdin) -> rustix::io::Result<Quiet> {
        let before = tcgetattr(terminal)?;
        let interrupt = before.special_codes[SpecialCodeIndex::VINTR];
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        quiet.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON);
        quiet.special_codes[SpecialCodeIndex::VEOL] = interrupt;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Quiet { before, interrupt })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
