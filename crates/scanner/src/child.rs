//! A scan in a process of its own: empty environment, bounded memory, time and output.
//!
//! The runner calls [`run`]; the process that it starts calls [`confine`] and then [`serve`]. The
//! order goes in as one JSON document; lines of JSON come out, the last of which is the reply.

use std::ffi::OsStr;
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use domain::address::Reach;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::live::{CheckId, Progress};
use crate::order::{Bounds, Credentials, Intensity, Login, Logins, Order, Placement};
use crate::report::Report;
use crate::{Secret, live};

/// Bytes of an order, and of a reply. GitHub's description is 13 MB.
const MAX_ORDER: u64 = 64 * 1024 * 1024;
const MAX_REPLY: u64 = 16 * 1024 * 1024;
/// What a child gets beyond the order's own seconds, to read the order and write the reply.
const GRACE: Duration = Duration::from_secs(10);
/// Address space and open files of a child.
const MAX_MEMORY: u64 = 4 * 1024 * 1024 * 1024;
const MAX_FILES: u64 = 256;

/// Why a child gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("the scan's process cannot be started: {0}")]
    Start(std::io::Error),
    #[error("the scan's process cannot be talked to: {0}")]
    Pipe(#[from] std::io::Error),
    #[error("the scan's process was still running {0} s after its start and was ended")]
    Late(u64),
    #[error("the reply is longer than {MAX_REPLY} bytes")]
    TooLong,
    #[error("the order is longer than {MAX_ORDER} bytes")]
    OrderTooLong,
    #[error("the order cannot be read: {0}")]
    Order(serde_json::Error),
    #[error("the reply cannot be read: {0}")]
    Reply(serde_json::Error),
    #[error("the scan's process ended with {0} and no reply")]
    Died(String),
    #[error("the reply answers another order")]
    Mismatch,
    #[error("the order was refused ({code}): {detail}")]
    Refused { code: String, detail: String },
    #[error("the process cannot limit itself: {0}")]
    Confine(String),
}

/// A line of the child's standard output: how far it is, as often as it likes, and one reply at the
/// end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(Progress),
    Answer(Box<Report>),
    Refused { code: String, detail: String },
}

/// The order as it goes over the pipe. Only here are credentials written out, to a process that
/// needs them, over a pipe that nobody else holds.
#[derive(Serialize)]
struct Sent<'a> {
    nonce: &'a str,
    target: &'a str,
    reach: &'a Reach,
    document: &'a Value,
    checks: &'a [CheckId],
    credentials: SentCredentials<'a>,
    trust: &'a [String],
    plaintext_port: Option<u16>,
    intensity: Intensity,
    bounds: Bounds,
}

#[derive(Serialize)]
struct SentCredentials<'a> {
    token: Option<&'a str>,
    second: Option<&'a str>,
    admin: Option<&'a str>,
    expired: Option<&'a str>,
    wrong_audience: Option<&'a str>,
    not_yet_valid: Option<&'a str>,
    wrong_issuer: Option<&'a str>,
    oauth: Option<SentClient<'a>>,
    placement: &'a Placement,
    logins: SentLogins<'a>,
}

#[derive(Serialize)]
struct SentClient<'a> {
    client_id: &'a str,
    client_secret: Option<&'a str>,
    redirect_uri: &'a str,
    scope: &'a str,
}

#[derive(Serialize)]
struct SentLogins<'a> {
    a: Option<SentLogin<'a>>,
    b: Option<SentLogin<'a>>,
    admin: Option<SentLogin<'a>>,
}

#[derive(Serialize)]
struct SentLogin<'a> {
    name: &'a str,
    password: &'a str,
}

/// Lowers this process's limits for good: no core dumps (they would hold credentials), no files
/// written, bounded memory and descriptors. To be called first thing in the child, before any
/// thread is started.
///
/// # Errors
/// The system refuses.
pub fn confine() -> Result<(), ChildError> {
    let limits = [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::As, MAX_MEMORY),
        (Resource::Nofile, MAX_FILES),
    ];
    for (resource, most) in limits {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| ChildError::Confine(error.to_string()))?;
    }
    Ok(())
}

/// The child's side: reads one order to the end of the input, scans, writes one reply. An order
/// that is refused is a reply too. `clock` gives milliseconds since 1970.
///
/// # Errors
/// The pipes break, or the input is no order.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    clock: impl Fn() -> u64,
) -> Result<(), ChildError> {
    let text = read_up_to(input, MAX_ORDER).await?.ok_or(ChildError::OrderTooLong)?;
    let order: Order = serde_json::from_slice(&text).map_err(ChildError::Order)?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let tell = move |progress| drop(tell.send(progress));
    let mut scan = pin!(live::watched(&order, clock, tell));
    let outcome = loop {
        tokio::select! {
            outcome = &mut scan => break outcome,
            Some(progress) = told.recv() => write(&mut output, &Line::Progress(progress)).await?,
        }
    };
    let reply = match outcome {
        Ok(answer) => Line::Answer(Box::new(answer)),
        Err(error) => Line::Refused { code: error.code().to_owned(), detail: error.to_string() },
    };
    write(&mut output, &reply).await?;
    output.shutdown().await?;
    Ok(())
}

async fn write(output: &mut (impl AsyncWrite + Unpin), line: &Line) -> Result<(), ChildError> {
    let mut text = serde_json::to_vec(line).map_err(ChildError::Reply)?;
    text.push(b'\n');
    output.write_all(&text).await?;
    output.flush().await?;
    Ok(())
}

/// The runner's side: starts `exe` with `args` and an empty environment, hands it the order, tells
/// `watch` how far it is, and returns what it answers. The child is ended when it is late, when it says too much, and when
/// this future is dropped.
///
/// # Errors
/// See [`ChildError`].
pub async fn run<S: AsRef<OsStr>>(
    exe: &Path,
    args: impl IntoIterator<Item = S>,
    order: &Order,
    watch: impl FnMut(Progress),
) -> Result<Report, ChildError> {
    let message = message(order)?;
    let mut child = Command::new(exe)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(ChildError::Start)?;
    let most = Duration::from_secs(u64::from(order.bounds.seconds)) + GRACE;
    let talked = timeout(most, talk(&mut child, message.expose().as_bytes(), watch)).await;
    let outcome = talked.unwrap_or(Err(ChildError::Late(most.as_secs())));
    // By now it has ended, or must.
    let _ = child.start_kill();
    let status = child.wait().await?;
    match outcome? {
        Some(reply) => understand(reply, order),
        None => Err(ChildError::Died(status.to_string())),
    }
}

/// Hands the order over and reads to the end; the reply, or nothing where there was none.
async fn talk(
    child: &mut Child,
    message: &[u8],
    watch: impl FnMut(Progress),
) -> Result<Option<Line>, ChildError> {
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ChildError::Pipe(std::io::Error::other("no pipes")));
    };
    let write = async move {
        // A child that dies early is told by its missing reply.
        let _ = input.write_all(message).await;
        drop(input);
    };
    let ((), reply) = tokio::join!(write, listen(output, watch));
    let reply = reply?;
    child.wait().await?;
    Ok(reply)
}

/// Passes progress on until the reply comes, or the end.
async fn listen(
    output: impl AsyncRead + Unpin,
    mut watch: impl FnMut(Progress),
) -> Result<Option<Line>, ChildError> {
    let mut output = BufReader::new(output.take(MAX_REPLY + 1));
    let (mut text, mut read) = (Vec::new(), 0_u64);
    loop {
        text.clear();
        read += output.read_until(b'\n', &mut text).await? as u64;
        if read > MAX_REPLY {
            return Err(ChildError::TooLong);
        }
        if text.is_empty() {
            return Ok(None);
        }
        match serde_json::from_slice(&text).map_err(ChildError::Reply)? {
            Line::Progress(progress) => watch(progress),
            reply => return Ok(Some(reply)),
        }
    }
}

fn understand(reply: Line, order: &Order) -> Result<Report, ChildError> {
    match reply {
        Line::Refused { code, detail } => Err(ChildError::Refused { code, detail }),
        Line::Answer(answer) if answer.nonce == order.nonce && answer.target == order.target => {
            Ok(*answer)
        }
        Line::Answer(_) | Line::Progress(_) => Err(ChildError::Mismatch),
    }
}

/// Everything up to the end; `None` if that is more than `most` bytes.
async fn read_up_to(
    input: impl AsyncRead + Unpin,
    most: u64,
) -> Result<Option<Vec<u8>>, std::io::Error> {
    let mut text = Vec::new();
    input.take(most + 1).read_to_end(&mut text).await?;
    Ok((text.len() as u64 <= most).then_some(text))
}

/// Taken apart field by field, so that one that is new cannot be forgotten.
fn message(order: &Order) -> Result<Secret, ChildError> {
    let Order {
        nonce,
        target,
        reach,
        document,
        checks,
        credentials,
        trust,
        plaintext_port,
        intensity,
        bounds,
    } = order;
    let sent = Sent {
        nonce,
        target,
        reach,
        document,
        checks,
        credentials: written_out(credentials),
        trust,
        plaintext_port: *plaintext_port,
        intensity: *intensity,
        bounds: *bounds,
    };
    serde_json::to_string(&sent).map(Secret::new).map_err(ChildError::Order)
}

fn written_out(credentials: &Credentials) -> SentCredentials<'_> {
    let Credentials {
        token,
        second,
        admin,
        expired,
        wrong_audience,
        not_yet_valid,
        wrong_issuer,
        oauth,
        placement,
        logins,
    } = credentials;
    let Logins { a, b, admin: administrator } = logins;
    SentCredentials {
        token: token.as_ref().map(Secret::expose),
        second: second.as_ref().map(Secret::expose),
        admin: admin.as_ref().map(Secret::expose),
        expired: expired.as_ref().map(Secret::expose),
        wrong_audience: wrong_audience.as_ref().map(Secret::expose),
        not_yet_valid: not_yet_valid.as_ref().map(Secret::expose),
        wrong_issuer: wrong_issuer.as_ref().map(Secret::expose),
        oauth: oauth.as_ref().map(|client| SentClient {
            client_id: &client.client_id,
            client_secret: client.client_secret.as_ref().map(Secret::expose),
            redirect_uri: &client.redirect_uri,
            scope: &client.scope,
        }),
        placement,
        logins: SentLogins {
            a: a.as_ref().map(login),
            b: b.as_ref().map(login),
            admin: administrator.as_ref().map(login),
        },
    }
}

fn login(login: &Login) -> SentLogin<'_> {
    let Login { name, password } = login;
    SentLogin { name, password: password.expose() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> Order {
        serde_json::from_value(json!({
            "nonce": "n-1", "target": "https://localhost:1", "reach": {"private": ["10.0.0.0/8"]},
            "document": {"openapi": "3.1.0"},
            "checks": ["transport", "rate-limit"], "trust": ["pem"], "plaintext_port": 80,
            "intensity": "gentle",
            "credentials": {"token": "a\"b", "second": "s", "admin": "d",
                "logins": {"b": {"name": "n", "password": "p"}}, "placement": {"in": "header", "name": "X-Key"}},
            "bounds": {"max_requests": 1, "per_second": 2, "seconds": 3, "max_answer_bytes": 4}
        }))
        .expect("an order")
    }

    #[test]
    fn an_order_reads_back_as_it_was_sent() {
        let order = order();
        let message = message(&order).expect("a message");
        let back: Order = serde_json::from_str(message.expose()).expect("an order");
        assert_eq!(back.credentials.token.as_ref().map(Secret::expose), Some("a\"b"));
        assert_eq!(back.reach, order.reach);
        assert_eq!(back.credentials.placement, order.credentials.placement);
        assert_eq!(back.intensity, order.intensity);
        let (second, admin) = (&back.credentials.second, &back.credentials.admin);
        let told = [second, admin].map(|one| one.as_ref().map(Secret::expose));
        assert_eq!(told, [Some("s"), Some("d")]);
        let login = back.credentials.logins.b.as_ref();
        assert_eq!(login.map(|one| (one.name.as_str(), one.password.expose())), Some(("n", "p")));
        assert_eq!((back.nonce, back.checks, back.trust), (order.nonce, order.checks, order.trust));
        assert_eq!((back.bounds, back.plaintext_port), (order.bounds, order.plaintext_port));
    }

    #[tokio::test]
    async fn a_refused_order_is_a_reply() {
        let message = message(&order()).expect("a message");
        let mut reply = Vec::new();
        serve(message.expose().as_bytes(), &mut reply, || 0).await.expect("served");
        let reply = listen(&reply[..], |_| ()).await.expect("read").expect("a reply");
        let refused = understand(reply, &order()).expect_err("refused");
        assert!(
            matches!(refused, ChildError::Refused { code, .. } if code == "document-unreadable")
        );
    }

    #[tokio::test]
    async fn progress_is_passed_on_before_the_reply_and_an_end_without_one_is_none() {
        let progress = |done| Progress { doing: "injection".to_owned(), done, of: 3, requests: 7 };
        let mut lines = Vec::new();
        for done in [1, 2] {
            write(&mut lines, &Line::Progress(progress(done))).await.expect("written");
        }
        let mut told = Vec::new();
        let ended = listen(&lines[..], |one| told.push(one)).await.expect("read");
        assert!(ended.is_none() && told == [progress(1), progress(2)]);
        let refused = Line::Refused { code: "c".to_owned(), detail: "d".to_owned() };
        write(&mut lines, &refused).await.expect("written");
        let reply = listen(&lines[..], |_| ()).await.expect("read");
        assert!(matches!(reply, Some(Line::Refused { code, .. }) if code == "c"));
        let endless = tokio::io::repeat(b' ');
        assert!(matches!(listen(endless, |_| ()).await, Err(ChildError::TooLong)));
    }

    #[tokio::test]
    async fn what_is_no_order_is_an_error() {
        let served = serve(&b"{}"[..], Vec::new(), || 0).await;
        assert!(matches!(served, Err(ChildError::Order(_))));
    }

    #[tokio::test]
    async fn reading_stops_at_its_bound() {
        assert_eq!(read_up_to(&b"abc"[..], 3).await.expect("read"), Some(b"abc".to_vec()));
        assert_eq!(read_up_to(&b"abcd"[..], 3).await.expect("read"), None);
    }
}
