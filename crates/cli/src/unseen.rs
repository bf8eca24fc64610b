//! A secret that is typed at a terminal and seen by nobody.

use std::io::{IsTerminal as _, Read as _, Stdin, stdin};

use anyhow::{Context as _, Result};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use crate::exit::No;

/// A line of a terminal ends here, whatever is typed (termios(3), canonical mode).
const LONGEST: usize = 4_095;

/// What standard input holds, or one line that is typed after `question` where it is a terminal.
pub fn text(question: &str) -> Result<Zeroizing<String>> {
    let input = stdin();
    if !input.is_terminal() {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
        input.lock().read_to_string(&mut text).context("what was given is no text")?;
        return Ok(text);
    }
    let quiet = Quiet::start(&input).context("keeping the terminal from showing what is typed")?;
    eprintln!("{question}");
    // Read past the library's buffer, which nobody would wipe.
    let mut typed = Zeroizing::new([0; LONGEST + 1]);
    let mut length = 0;
    loop {
        let read = rustix::io::read(&input, typed.get_mut(length..).unwrap_or_default())?;
        length += read;
        match typed.get(..length).and_then(<[u8]>::last) {
            Some(last) if *last == quiet.interrupt => return Err(No::refused("interrupted")),
            Some(b'\n') => break,
            _ if read == 0 => break,
            _ => {}
        }
    }
    if length >= LONGEST || rustix::io::ioctl_fionread(&input)? > 0 {
        let why = "a terminal takes one line of at most 4,094 bytes; give this one by `--file`";
        return Err(No::refused(why));
    }
    let text = std::str::from_utf8(typed.get(..length).unwrap_or_default());
    Ok(Zeroizing::new(text.ok().context("what was typed is no text")?.to_owned()))
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
        // What is still to be read goes with it: the shell would show and run the rest of a paste.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.before);
    }
}
