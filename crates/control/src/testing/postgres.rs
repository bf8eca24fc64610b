//! A PostgreSQL of one test's own: a fresh cluster behind a socket in a temporary directory.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const USER: &str = "portcullis";
const CERTIFICATE: &str = "server.pem";

/// A running cluster; dropped, it is ended and its directory removed.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    directory: TempDir,
    databases: AtomicU32,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster, as the user `postgres` where the test runs as root, which
    /// PostgreSQL refuses.
    pub fn start() -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let account = Account::of(directory.path());
        Cluster::begin(directory, &account, 5432, &["listen_addresses="])
    }

    /// The same, which is reached by TCP on loopback too: with TLS under a certificate of its own
    /// ([`Cluster::authority`]), or without any.
    pub fn on_loopback(tls: bool) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let account = Account::of(directory.path());
        // PostgreSQL cannot choose: a port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut settings = vec!["listen_addresses=127.0.0.1".to_owned(), format!("port={port}")];
        if tls {
            certify(directory.path(), &account);
            let file = |name: &str| directory.path().join(name).display().to_string();
            let (cert, key) = (file(CERTIFICATE), file("server.key"));
            settings.extend(["ssl=on".to_owned(), format!("ssl_cert_file={cert}")]);
            settings.push(format!("ssl_key_file={key}"));
        }
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        Cluster::begin(directory, &account, port, &settings)
    }

    fn begin(directory: TempDir, account: &Account, port: u16, settings: &[&str]) -> Cluster {
        let data = directory.path().join("cluster");
        let made = account
            .command("initdb")
            .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", USER, "-D"])
            .arg(&data)
            .output()
            .expect("PostgreSQL 15 is needed; `make test-setup` installs it");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = account
            .command("postgres")
            // The process stays; only a loss of power could tell the difference.
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .args(["-c", "fsync=off", "-c", "max_connections=60", "-D"])
            .arg(&data)
            .arg("-k")
            .arg(directory.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = server.stderr.take().unwrap();
        wait_until_ready(log);
        Cluster { server, directory, databases: AtomicU32::new(0), port }
    }

    /// A new, empty database in it, as an address for [`crate::journal::Store::parse`].
    pub async fn database(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.address("postgres")).await.unwrap();
        let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.address(&name)
    }

    fn address(&self, database: &str) -> String {
        let (port, socket) = (self.port, self.directory.path().display());
        format!("postgres://{USER}@localhost:{port}/{database}?host={socket}")
    }

    /// A new database by TCP, as seen from a machine that calls this one `host`.
    pub async fn database_at(&self, host: &str) -> String {
        let address = self.database().await;
        let (address, _) = address.split_once('?').unwrap();
        address.replace("localhost", host)
    }

    /// The file of the authority that vouches for the server's certificate.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join(CERTIFICATE)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // An immediate shutdown, by the one id that was started here.
        let quit = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        if !quit.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// Makes a key and a certificate for `localhost` that vouches for itself.
fn certify(directory: &Path, account: &Account) {
    let made = account
        .command("/usr/bin/openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(directory.join("server.key"))
        .arg("-out")
        .arg(directory.join(CERTIFICATE))
        .output()
        .unwrap();
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}

/// Reads the server's log until it takes connections, and to its end in the background.
fn wait_until_ready(log: std::process::ChildStderr) {
    let mut lines = BufReader::new(log).lines();
    let mut read = Vec::new();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| {
        read.push(line);
        read.last().is_some_and(|line| line.contains("ready to accept connections"))
    });
    assert!(ready, "PostgreSQL did not start:\n{}", read.join("\n"));
    std::thread::spawn(move || lines.for_each(drop));
}

/// Whom the programs run as: root's place goes to `postgres`.
struct Account {
    switch: bool,
}

impl Account {
    fn of(directory: &Path) -> Account {
        let switch = std::fs::metadata(directory).unwrap().uid() == 0;
        if switch {
            let id = Command::new("id").args(["-u", "postgres"]).output().unwrap();
            let id = String::from_utf8(id.stdout).unwrap().trim().parse().unwrap();
            chown(directory, Some(id), None).unwrap();
        }
        Account { switch }
    }

    fn command(&self, program: &str) -> Command {
        let program = PathBuf::from(PROGRAMS).join(program);
        let mut command = match self.switch {
            false => Command::new(program),
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
                command.arg(program);
                command
            }
        };
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}
