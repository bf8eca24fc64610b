//! A vendor in a process of its own: started early, waited for when it is needed, ended with the test.

use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Prism reads GitHub's description for a quarter of a minute where nothing else runs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The repository's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A vendor that was started and will say where it listens.
pub struct Vendor {
    child: Child,
    says: Receiver<String>,
}

impl Vendor {
    /// Prism serving GitHub's description with one bearer scheme required everywhere.
    pub fn github() -> Vendor {
        let document = github_document();
        let mut command = launcher("prism.sh");
        command.arg(document).arg("0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        Vendor { child, says: listen(out, "Prism is listening on ") }
    }

    pub fn httpbin() -> Vendor {
        let mut command = launcher("httpbin.sh");
        let mut child =
            command.arg("0").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let out = child.stderr.take().unwrap();
        Vendor { child, says: listen(out, "Listening at: ") }
    }

    /// Its address, as soon as it answers. To be asked once.
    pub fn url(&self) -> String {
        self.says.recv_timeout(PATIENCE).expect("the vendor starts; is `make test-setup` done?")
    }
}

impl Drop for Vendor {
    /// By its id, and gently: gunicorn ends its worker.
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

pub fn github_document() -> PathBuf {
    let document = root().join(".cache/vendors/api.github.com.secured.json");
    assert!(document.exists(), "`make test-setup` installs {}", document.display());
    document
}

pub fn httpbin_document() -> PathBuf {
    root().join("tests/vendors/httpbin.openapi.json")
}

fn launcher(name: &str) -> Command {
    Command::new(root().join("tests/vendors").join(name))
}

/// Finds the line that names the address, and reads on to the end so that the pipe never fills.
fn listen(out: impl Read + Send + 'static, before: &'static str) -> Receiver<String> {
    let (say, says) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let Some((_, url)) = line.split_once(before) else { continue };
            let end = url.find(char::is_whitespace).unwrap_or(url.len());
            let _ = say.send(url[..end].to_owned());
        }
    });
    says
}
