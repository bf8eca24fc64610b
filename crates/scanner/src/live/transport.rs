//! Check `transport`: which TLS versions are really offered, what the certificate proves, and
//! whether anything answers in the clear.

mod flaws;
mod keys;
mod suites;

use std::collections::BTreeSet;

use aws_lc_rs::rand;

use super::certificate::Certificate;
use super::client::WireError;
use super::hello::{HelloAnswer, TlsVersion, client_hello, hello_with, is_enough, read_answer};
use super::reply::Reply;
use super::request::Request;
use super::scan::{Face, Scan};
use super::target::is_loopback;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::{Exchange, GapCode, ShownRequest, ShownResponse};
use flaws::{
    BAD_CHAIN, BAD_NAME, BAD_TIME, CHAIN_ORDER, COMPRESSED, ENDS_SOON, IN_THE_CLEAR,
    IN_THE_CLEAR_HERE, NO_HSTS, OLD_TLS, WEAK_KEY, WEAK_SIGNATURE, WEAK_SUITE,
};
use keys::Keys;
use suites::{FAMILIES, Family};

pub const CHECK: Check = Check {
    id: CheckId::Transport,
    title: "Transport",
    asks: "Is every byte between caller and API protected by a modern TLS and a valid certificate?",
    flaws: &[
        &IN_THE_CLEAR,
        &OLD_TLS,
        &WEAK_SUITE,
        &COMPRESSED,
        &BAD_TIME,
        &ENDS_SOON,
        &BAD_NAME,
        &BAD_CHAIN,
        &CHAIN_ORDER,
        &WEAK_KEY,
        &WEAK_SIGNATURE,
        &NO_HSTS,
    ],
    values: &[
        Measure {
            name: "transport.tls_min_version",
            kind: Kind::Text,
            meaning: "oldest TLS version that the server agrees to, `1.0` to `1.3`",
        },
        Measure {
            name: "transport.tls_max_version",
            kind: Kind::Text,
            meaning: "newest TLS version that the server agrees to",
        },
        Measure {
            name: "transport.weak_suites",
            kind: Kind::Int,
            meaning: "families of cipher suites without safety that the server agrees to",
        },
        Measure {
            name: "transport.certificate_key_bits",
            kind: Kind::Int,
            meaning: "length of the certificate's public key in bits",
        },
        Measure {
            name: "transport.certificate_valid",
            kind: Kind::Bool,
            meaning: "the certificate is in time, names the host and leads to a trusted authority",
        },
        Measure {
            name: "transport.certificate_days_left",
            kind: Kind::Int,
            meaning: "whole days until the certificate ends, negative once it has",
        },
        Measure {
            name: "transport.plaintext_refused",
            kind: Kind::Bool,
            meaning: "no port that was asked serves the API without TLS",
        },
        Measure {
            name: "transport.hsts",
            kind: Kind::Bool,
            meaning: "answers carry Strict-Transport-Security with a max-age above zero (RFC 6797)",
        },
    ],
};

/// A certificate that ends within these days should have been renewed.
const ENDS_SOON_DAYS: i64 = 14;

/// What came back when the API was asked for without TLS.
#[derive(Debug)]
enum Plain {
    /// Closed, an alert, an error page about the protocol, or a redirect to https.
    Refused,
    /// The API answered.
    Served(Box<Reply>),
    /// Nothing that could be told apart.
    Unclear(String),
}

/// What a server made of one family of suites.
type Offered = (Family, Result<HelloAnswer, WireError>);

struct Seen {
    /// `host:port` of the target.
    endpoint: String,
    tls: bool,
    /// The target is this machine itself.
    here: bool,
    hellos: Vec<(TlsVersion, Result<HelloAnswer, WireError>)>,
    /// The newest version before 1.3 that is offered, with what was answered to each weak family.
    weak: Option<(TlsVersion, Vec<Offered>)>,
    /// What the chain shows of its keys, if one was seen at all.
    keys: Option<Keys>,
    certificate: Option<Result<Certificate, String>>,
    /// By port.
    plain: Vec<(u16, Plain)>,
    /// An ordinary answer over the target's own protocol, without a credential.
    usual: Result<Reply, WireError>,
    now: i64,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let tls = scan.client.target.tls;
    let mut hellos = Vec::new();
    for version in TlsVersion::ALL.into_iter().filter(|_| tls) {
        hellos.push((version, greet(scan, version, None).await));
    }
    let weak = match old_version(&hellos) {
        Some(version) => {
            let mut answers = Vec::new();
            for family in FAMILIES {
                answers.push((family, greet(scan, version, Some(family.suites)).await));
            }
            Some((version, answers))
        }
        None => None,
    };
    // The chain is there even where its keys are so weak that our library refuses the handshake.
    let keys = scan.client.pin.chain().and_then(|chain| Keys::read(&chain));
    let request = plainest(scan).await;
    let usual = scan.send(&request).await;
    let mut plain = Vec::new();
    if tls {
        let servers = scan.document.server_urls();
        let beside = scan.client.target.plaintext_ports(scan.plaintext_port, &servers);
        for port in [scan.client.target.port].into_iter().chain(beside) {
            let answer = scan.client.send_plain(port, &request).await;
            plain.push((port, judge_plain(answer, usual.as_ref().ok())));
        }
    }
    let endpoint = scan.client.target.endpoint();
    let here = scan.client.open().await.is_ok_and(|address| is_loopback(address.ip()));
    judge(&Seen {
        endpoint,
        tls,
        here,
        hellos,
        weak,
        keys,
        certificate: scan.certificate.clone(),
        plain,
        usual,
        now: scan.now,
    })
}

/// The newest version before 1.3 that was chosen: suites before it are of another kind.
fn old_version(hellos: &[(TlsVersion, Result<HelloAnswer, WireError>)]) -> Option<TlsVersion> {
    let chosen = hellos.iter().filter_map(|(_, answer)| match answer {
        Ok(HelloAnswer::Chosen(choice)) => Some(choice.version),
        _ => None,
    });
    chosen.filter(|version| *version < TlsVersion::V1_3).max()
}

async fn greet(
    scan: &Scan<'_>,
    version: TlsVersion,
    suites: Option<&[u16]>,
) -> Result<HelloAnswer, WireError> {
    let (mut random, mut share) = ([0; 32], [0; 32]);
    let filled = rand::fill(&mut random).and_then(|()| rand::fill(&mut share));
    filled.map_err(|_| WireError::Tls("no random numbers".to_owned()))?;
    let host = scan.client.target.host.as_str();
    let name = host.parse::<std::net::IpAddr>().is_err().then_some(host);
    let hello = match suites {
        Some(suites) => hello_with(version, suites, name, &random, &share),
        None => client_hello(version, name, &random, &share),
    };
    Ok(read_answer(&scan.client.raw(&hello, is_enough).await?))
}

/// The request that is asked with and without TLS, never with a credential.
async fn plainest(scan: &Scan<'_>) -> Request {
    let index = scan.by_plainness().first().map(|(index, _)| *index);
    let request = match index {
        Some(index) => scan.request(index, Face::Anonymous).await,
        None => None,
    };
    request.unwrap_or_else(|| Request::get(format!("{}/", scan.client.target.base)))
}

/// An answer in the clear is the API's own if it succeeds, or if it is the same refusal that the
/// same request gets over TLS. What complains about the protocol is not (RFC 9110 §15.5.20, nginx's
/// 400), nor is a redirect to https.
fn judge_plain(answer: Result<Reply, WireError>, usual: Option<&Reply>) -> Plain {
    match answer {
        Ok(reply) => {
            let place = reply.header("location").unwrap_or_default();
            let same = usual.is_some_and(|usual| usual.status == reply.status);
            match reply.status {
                200..=299 => Plain::Served(Box::new(reply)),
                300..=399 if place.starts_with("https://") => Plain::Refused,
                400 | 421 | 426 | 497 => Plain::Refused,
                _ if same => Plain::Served(Box::new(reply)),
                status => Plain::Unclear(format!("status {status} in plain HTTP")),
            }
        }
        Err(WireError::Unreachable(_) | WireError::Malformed(_)) => Plain::Refused,
        Err(error) => Plain::Unclear(error.to_string()),
    }
}

fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    if !seen.tls {
        judgement.value("transport.plaintext_refused", false);
        let evidence = seen.usual.as_ref().map(|reply| vec![reply.exchange.clone()]);
        let flaw = if seen.here { IN_THE_CLEAR_HERE } else { IN_THE_CLEAR };
        judgement.findings.push(flaw.found(None, evidence.unwrap_or_default()));
        return judgement;
    }
    judge_versions(seen, &mut judgement);
    suites::judge(seen, &mut judgement);
    keys::judge(seen, &mut judgement);
    judge_certificate(seen, &mut judgement);
    judge_plaintext(seen, &mut judgement);
    judge_hsts(seen, &mut judgement);
    judgement
}

fn judge_versions(seen: &Seen, judgement: &mut Judgement) {
    let mut offered = BTreeSet::new();
    for (asked, answer) in &seen.hellos {
        match answer {
            // A server may answer with an older version than the one asked for; it offers that one.
            Ok(HelloAnswer::Chosen(choice)) if choice.version <= *asked => {
                offered.insert(choice.version);
            }
            Ok(HelloAnswer::Refused(_)) => {}
            Ok(HelloAnswer::Chosen(choice)) => {
                let chosen = choice.version.name();
                let detail = format!("TLS {} asked, {chosen} answered", asked.name());
                judgement.gaps.push(Gap::undecided(detail));
                return;
            }
            Ok(HelloAnswer::Garbage(what)) => {
                let detail = format!("the answer to a TLS {} hello is {what}", asked.name());
                judgement.gaps.push(Gap::undecided(detail));
                return;
            }
            Err(error) => {
                judgement.gaps.push(Gap::from(error));
                return;
            }
        }
    }
    let (Some(oldest), Some(newest)) = (offered.first(), offered.last()) else {
        judgement.gaps.push(Gap::undecided("the server agreed to no TLS version from 1.0 to 1.3"));
        return;
    };
    judgement.value("transport.tls_min_version", oldest.name());
    judgement.value("transport.tls_max_version", newest.name());
    for old in offered.iter().filter(|version| **version < TlsVersion::V1_2) {
        let evidence = vec![hello_evidence(&seen.endpoint, *old)];
        let shape = format!("TLS {}", old.name());
        judgement.findings.push(OLD_TLS.found(None, evidence).of_shape(shape));
    }
}

fn hello_evidence(endpoint: &str, version: TlsVersion) -> Exchange {
    let line = format!("a TLS ClientHello whose highest version is {}", version.name());
    let excerpt = format!("a ServerHello that chooses TLS {}", version.name());
    let flag = flag(version);
    Exchange {
        request: ShownRequest { line, headers: Vec::new(), body: None },
        response: Some(ShownResponse { status: 0, headers: Vec::new(), excerpt, cut: false }),
        curl: format!(
            "openssl s_client -connect '{endpoint}' -{flag} -cipher 'ALL:@SECLEVEL=0' </dev/null"
        ),
    }
}

/// `openssl s_client`'s flag for a version.
fn flag(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_0 => "tls1",
        TlsVersion::V1_1 => "tls1_1",
        TlsVersion::V1_2 => "tls1_2",
        TlsVersion::V1_3 => "tls1_3",
    }
}

/// What a handshake showed, without HTTP.
fn handshake(endpoint: &str, excerpt: String) -> Exchange {
    Exchange {
        request: ShownRequest {
            line: "a TLS handshake".to_owned(),
            headers: Vec::new(),
            body: None,
        },
        response: Some(ShownResponse { status: 0, headers: Vec::new(), excerpt, cut: false }),
        curl: format!("openssl s_client -connect '{endpoint}' -showcerts </dev/null"),
    }
}

fn judge_certificate(seen: &Seen, judgement: &mut Judgement) {
    let certificate = match &seen.certificate {
        Some(Ok(certificate)) => certificate,
        Some(Err(fault)) => {
            let detail = format!("the certificate could not be read: {fault}");
            judgement.gaps.push(Gap::new(GapCode::Unreachable, detail));
            return;
        }
        None => return,
    };
    let time = certificate.time_fault(seen.now);
    judgement.value("transport.certificate_days_left", certificate.days_left(seen.now));
    judgement.value("transport.certificate_valid", certificate.identifies() && time.is_none());
    let faults = [
        (&BAD_TIME, time.map(str::to_owned)),
        (&BAD_NAME, certificate.name_fault.clone()),
        (&BAD_CHAIN, certificate.chain_fault.clone()),
    ];
    for (flaw, fault) in faults {
        let Some(fault) = fault else { continue };
        let excerpt = format!("certificate {}: {fault}", certificate.sha256);
        judgement.findings.push(flaw.found(None, vec![handshake(&seen.endpoint, excerpt)]));
    }
    let left = certificate.days_left(seen.now);
    if time.is_none() && left < ENDS_SOON_DAYS {
        let excerpt = format!("certificate {}: {left} days left", certificate.sha256);
        judgement.findings.push(ENDS_SOON.found(None, vec![handshake(&seen.endpoint, excerpt)]));
    }
}

fn judge_plaintext(seen: &Seen, judgement: &mut Judgement) {
    let mut refused = true;
    let mut known = true;
    for (port, plain) in &seen.plain {
        match plain {
            Plain::Refused => {}
            Plain::Served(reply) => {
                refused = false;
                judgement
                    .findings
                    .push(IN_THE_CLEAR.found(None, vec![plain_evidence(*port, reply)]));
            }
            Plain::Unclear(what) => {
                known = false;
                judgement.gaps.push(Gap::undecided(format!("plain HTTP on port {port}: {what}")));
            }
        }
    }
    if known || !refused {
        judgement.value("transport.plaintext_refused", refused);
    }
}

/// The client's evidence names the target's own origin; this one was asked elsewhere.
fn plain_evidence(port: u16, reply: &Reply) -> Exchange {
    let mut exchange = reply.exchange.clone();
    exchange.request.line.push_str(&format!(" (plain HTTP, port {port})"));
    if let Some((before, rest)) = exchange.curl.split_once("'https://") {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = match authority.rsplit_once(':') {
            Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        exchange.curl = format!("{before}'http://{host}:{port}{path}");
    }
    exchange
}

fn judge_hsts(seen: &Seen, judgement: &mut Judgement) {
    let reply = match &seen.usual {
        Ok(reply) => reply,
        Err(error) => {
            judgement.gaps.push(Gap::from(error));
            return;
        }
    };
    let present = reply.header("strict-transport-security").is_some_and(has_age);
    judgement.value("transport.hsts", present);
    if !present {
        judgement.findings.push(NO_HSTS.found(None, vec![reply.exchange.clone()]));
    }
}

fn has_age(header: &str) -> bool {
    header.split(';').any(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let seconds = value.trim().trim_matches('"').parse::<u64>().unwrap_or(0);
        name.trim().eq_ignore_ascii_case("max-age") && seconds > 0
    })
}

#[cfg(test)]
mod tests;
