//! A server of the real binary on free ports, and people who use it by the command line.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The binary under test.
pub const PORTCULLIS: &str = env!("CARGO_BIN_EXE_portcullis");

/// Where a server keeps what is its own; outlives it, so that it can be started again.
pub struct Site {
    pub folder: tempfile::TempDir,
    /// `--database URL`, when it is not SQLite.
    pub database: Option<String>,
}

/// A running server. Dropped, it is ended by its process id.
pub struct Server {
    child: Child,
    pub url: String,
    pub gateway: String,
    pub genesis: String,
}

/// Somebody with an SSH key and a configuration directory of their own.
pub struct Person {
    pub config: PathBuf,
    pub key: PathBuf,
}

impl Site {
    pub fn new() -> Site {
        Site { folder: tempfile::tempdir().unwrap(), database: None }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// The command that starts the server.
    pub fn up(&self) -> Command {
        self.up_by(&["--operator", "olga"])
    }

    /// The same with these options in place of the operator's name.
    pub fn up_by(&self, options: &[&str]) -> Command {
        let mut command = Command::new(PORTCULLIS);
        command
            .arg("--json")
            .arg("--config")
            .arg(self.config())
            .arg("up")
            .arg("--data")
            .arg(self.data())
            .args(["--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"])
            .args(options)
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME");
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        command
    }

    /// Starts the server and waits until it says that it is ready.
    pub fn start(&self) -> Server {
        self.try_start().unwrap_or_else(|(_, said)| panic!("it did not become ready: {said}"))
    }

    /// Starts the server; if it ends before it is ready, its exit code and what it said.
    pub fn try_start(&self) -> Result<Server, (Option<i32>, String)> {
        Server::ready(self.up())
    }

    /// The first operator, logged in.
    pub fn operator(&self, server: &Server) -> Person {
        let person = Person { config: self.config(), key: self.config().join("operator_ed25519") };
        person.ok(&["login", &server.url]);
        person
    }

    /// Somebody whom the operator brings in, logged in.
    pub fn person(&self, server: &Server, operator: &Person, name: &str, roles: &[&str]) -> Person {
        let config = self.folder.path().join("people").join(name);
        std::fs::create_dir_all(&config).unwrap();
        let key = config.join("id");
        portcullis::up::genesis::make_ssh_key(&key).unwrap();
        let public = key.with_extension("pub");
        let mut args = vec!["person", "add", name, "--public-key", public.to_str().unwrap()];
        if name.ends_with("-agent") {
            args.extend(["--workload", "--responsible", "olga"]);
        }
        for role in roles {
            args.extend(["--role", role]);
        }
        operator.ok(&args);
        let person = Person { config, key };
        person.ok(&["login", &server.url]);
        person
    }

    /// Writes a file into the site's folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Server {
    /// Starts it by this command and waits until it says that it is ready.
    pub fn ready(mut up: Command) -> Result<Server, (Option<i32>, String)> {
        let mut child = up.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (mut text, mut line) = (String::new(), String::new());
        while out.read_line(&mut line).unwrap() > 0 {
            text.push_str(&line);
            line.clear();
            let Ok(ready) = serde_json::from_str::<Value>(&text) else { continue };
            if ready["ready"] == true {
                // Whatever it prints later must not fill the pipe.
                std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
                let field = |name: &str| ready[name].as_str().unwrap().to_owned();
                let (url, gateway) = (field("url"), field("gateway"));
                return Ok(Server { child, url, gateway, genesis: field("genesis") });
            }
        }
        Err((child.wait().unwrap().code(), text))
    }

    /// SIGKILL, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits until it is gone.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "the server did not end well");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Person {
    pub fn command(&self) -> Command {
        let mut command = Command::new(PORTCULLIS);
        command.args(["--json", "--yes", "--config"]).arg(&self.config).arg("--key").arg(&self.key);
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a verb as somebody at a terminal does, who answers its questions with these lines.
    pub fn answer(&self, args: &[&str], lines: &str) -> Output {
        use std::io::Write as _;
        let mut command = Command::new(PORTCULLIS);
        command.arg("--config").arg(&self.config).arg("--key").arg(&self.key).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
        drop(input);
        child.wait_with_output().unwrap()
    }

    /// Runs a verb that must be done; its JSON.
    pub fn ok(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let out = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "portcullis {}\n{out}{error}", args.join(" "));
        serde_json::from_str(&out).unwrap_or(Value::Null)
    }

    /// Runs a verb that must be refused (exit code 1); what it said.
    pub fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let all = out + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "portcullis {}\n{all}", args.join(" "));
        all
    }
}

/// The verifier on a directory: exit code and what it said.
pub fn verify(directory: &Path, genesis: &str) -> (i32, String) {
    verify_seen(directory, genesis, None)
}

/// The verifier, asked by somebody who saw `SIZE:ROOT` before.
pub fn verify_seen(directory: &Path, genesis: &str, seen: Option<&str>) -> (i32, String) {
    let output = Command::new(PORTCULLIS)
        .args(["ledger", "verify", "--genesis", genesis])
        .args(seen.map(|seen| ["--seen", seen]).iter().flatten())
        .arg(directory)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), out + &String::from_utf8_lossy(&output.stderr))
}

/// The first file below the directory that holds these bytes.
pub fn holding(directory: &Path, bytes: &[u8]) -> Option<PathBuf> {
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let found = match path.is_dir() {
            true => holding(&path, bytes),
            false => {
                let content = std::fs::read(&path).unwrap_or_default();
                content.windows(bytes.len()).any(|window| window == bytes).then_some(path)
            }
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
