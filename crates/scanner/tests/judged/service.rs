//! Starting one of the services, and ending it.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::truth::Service;

/// A service that runs until it is dropped.
pub struct Running {
    child: Child,
    pub url: String,
}

impl Running {
    pub fn start(service: &Service, flaws: &str) -> Result<Self, Box<dyn Error>> {
        let (program, arguments) = service.command.split_first().ok_or("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--port", "0", "--flaws", flaws])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`{program}`: {error}; run `make test-setup`"))?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ");
        let url = url.ok_or_else(|| format!("`{program}` did not start: `{line}`"))?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
