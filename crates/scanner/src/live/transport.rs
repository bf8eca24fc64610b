//! Check `transport`: which TLS versions are really offered, what the certificate proves, and
//! whether anything answers in the clear.

use std::collections::BTreeSet;

use aws_lc_rs::rand;

use super::certificate::Certificate;
use super::client::WireError;
use super::hello::{HelloAnswer, TlsVersion, client_hello, is_enough, read_answer};
use super::reply::Reply;
use super::request::Request;
use super::scan::{Face, Scan};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::answer::{Confidence, Exchange, GapCode, Severity, ShownRequest, ShownResponse};
use crate::order::CheckId;

pub const CHECK: Check = Check {
    id: CheckId::Transport,
    title: "Transport",
    asks: "Is every byte between caller and API protected by a modern TLS and a valid certificate?",
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

struct Seen {
    tls: bool,
    hellos: Vec<(TlsVersion, Result<HelloAnswer, WireError>)>,
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
        hellos.push((version, greet(scan, version).await));
    }
    let request = plainest(scan).await;
    let usual = scan.send(&request).await;
    let mut plain = Vec::new();
    if tls {
        let servers = scan.document.servers();
        let beside = scan.client.target.plaintext_ports(scan.plaintext_port, &servers);
        for port in [scan.client.target.port].into_iter().chain(beside) {
            let answer = scan.client.send_plain(port, &request).await;
            plain.push((port, judge_plain(answer, usual.as_ref().ok())));
        }
    }
    judge(&Seen { tls, hellos, certificate: scan.certificate.clone(), plain, usual, now: scan.now })
}

async fn greet(scan: &Scan<'_>, version: TlsVersion) -> Result<HelloAnswer, WireError> {
    let (mut random, mut share) = ([0; 32], [0; 32]);
    let filled = rand::fill(&mut random).and_then(|()| rand::fill(&mut share));
    filled.map_err(|_| WireError::Tls("no random numbers".to_owned()))?;
    let host = scan.client.target.host.as_str();
    let name = host.parse::<std::net::IpAddr>().is_err().then_some(host);
    let hello = client_hello(version, name, &random, &share);
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
        judgement.findings.push(IN_THE_CLEAR.found(None, evidence.unwrap_or_default()));
        return judgement;
    }
    judge_versions(seen, &mut judgement);
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
            Ok(HelloAnswer::Chosen(version)) if version <= asked => {
                offered.insert(*version);
            }
            Ok(HelloAnswer::Refused(_)) => {}
            Ok(HelloAnswer::Chosen(version)) => {
                let detail = format!("TLS {} asked, {} answered", asked.name(), version.name());
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
        judgement.findings.push(OLD_TLS.found(None, vec![hello_evidence(*old)]));
    }
}

fn hello_evidence(version: TlsVersion) -> Exchange {
    let line = format!("a TLS ClientHello whose highest version is {}", version.name());
    let excerpt = format!("a ServerHello that chooses TLS {}", version.name());
    let flag = version.name().replace('.', "_").replace("1_0", "1");
    Exchange {
        request: ShownRequest { line, headers: Vec::new(), body: None },
        response: Some(ShownResponse { status: 0, headers: Vec::new(), excerpt, cut: false }),
        curl: format!(
            "openssl s_client -connect \"$TARGET\" -tls{flag} -cipher 'ALL:@SECLEVEL=0' </dev/null"
        ),
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
        let line = "a TLS handshake".to_owned();
        let excerpt = format!("certificate {}: {fault}", certificate.sha256);
        let curl = "openssl s_client -connect \"$TARGET\" -showcerts </dev/null".to_owned();
        judgement.findings.push(flaw.found(
            None,
            vec![Exchange {
                request: ShownRequest { line, headers: Vec::new(), body: None },
                response: Some(ShownResponse {
                    status: 0,
                    headers: Vec::new(),
                    excerpt,
                    cut: false,
                }),
                curl,
            }],
        ));
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

const IN_THE_CLEAR: Flaw = Flaw {
    check: CheckId::Transport,
    title: "The API is served without TLS",
    severity: Severity::Critical,
    confidence: Confidence::High,
    why: "Credentials and data can be read and changed by anyone on the way.",
    fix: "Close the port, or answer every request on it with 426 or a redirect and no content.",
    owasp: "API8:2023",
    cwe: 319,
};

const OLD_TLS: Flaw = Flaw {
    check: CheckId::Transport,
    title: "A TLS version that is no longer safe is offered",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "TLS 1.0 and 1.1 rest on MD5 and SHA-1 and were withdrawn by RFC 8996; whoever stands in \
          between can bring a careless client down to them.",
    fix: "Offer TLS 1.2 and 1.3 only.",
    owasp: "API8:2023",
    cwe: 327,
};

const BAD_TIME: Flaw = Flaw {
    check: CheckId::Transport,
    title: "The certificate is not valid now",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Clients must refuse it, or have been taught to accept anything.",
    fix: "Renew the certificate, and renew it automatically from now on.",
    owasp: "API8:2023",
    cwe: 298,
};

const BAD_NAME: Flaw = Flaw {
    check: CheckId::Transport,
    title: "The certificate names another host",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A client that accepts it accepts whoever stands in between.",
    fix: "Serve a certificate whose subject alternative names hold this host.",
    owasp: "API8:2023",
    cwe: 297,
};

const BAD_CHAIN: Flaw = Flaw {
    check: CheckId::Transport,
    title: "The certificate leads to no trusted authority",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A client that accepts it accepts whoever stands in between.",
    fix: "Serve a certificate of a public authority with its intermediates, or add the private \
          authority to the order's `trust`.",
    owasp: "API8:2023",
    cwe: 295,
};

const NO_HSTS: Flaw = Flaw {
    check: CheckId::Transport,
    title: "Answers do not insist on TLS",
    severity: Severity::Info,
    confidence: Confidence::High,
    why: "Without Strict-Transport-Security a browser may be led to plain HTTP (RFC 6797).",
    fix: "Send Strict-Transport-Security with a max-age of at least half a year.",
    owasp: "API8:2023",
    cwe: 319,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Value;
    use crate::live::reply::made::reply;

    fn certificate() -> Certificate {
        Certificate {
            sha256: "ab".to_owned(),
            not_before: 0,
            not_after: 864_000,
            chain_fault: None,
            name_fault: None,
        }
    }

    fn seen(chosen: [Option<TlsVersion>; 4]) -> Seen {
        let answers = chosen.map(|one| match one {
            Some(version) => Ok(HelloAnswer::Chosen(version)),
            None => Ok(HelloAnswer::Refused(Some(70))),
        });
        Seen {
            tls: true,
            hellos: TlsVersion::ALL.into_iter().zip(answers).collect(),
            certificate: Some(Ok(certificate())),
            plain: vec![(443, Plain::Refused)],
            usual: Ok(reply(401, &[("strict-transport-security", "max-age=1000")], "")),
            now: 0,
        }
    }

    const MODERN: [Option<TlsVersion>; 4] =
        [None, None, Some(TlsVersion::V1_2), Some(TlsVersion::V1_3)];

    #[test]
    fn a_modern_server_has_every_value_and_no_finding() {
        let judgement = judge(&seen(MODERN));
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
        let expected = [
            ("transport.certificate_days_left", Value::Int(10)),
            ("transport.certificate_valid", Value::Bool(true)),
            ("transport.hsts", Value::Bool(true)),
            ("transport.plaintext_refused", Value::Bool(true)),
            ("transport.tls_max_version", Value::from("1.3")),
            ("transport.tls_min_version", Value::from("1.2")),
        ];
        assert_eq!(judgement.values.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_old_version_is_found_even_as_the_answer_to_a_newer_hello() {
        let judgement = judge(&seen([None, None, Some(TlsVersion::V1_0), None]));
        assert_eq!(judgement.values["transport.tls_min_version"], Value::from("1.0"));
        assert_eq!(judgement.findings.len(), 1);
        assert!(judgement.findings[0].replay.contains("-tls1 "));
    }

    #[test]
    fn garbage_for_one_version_leaves_the_versions_unmeasured() {
        let mut seen = seen(MODERN);
        seen.hellos[0].1 = Ok(HelloAnswer::Garbage("x".to_owned()));
        let judgement = judge(&seen);
        assert!(!judgement.values.contains_key("transport.tls_min_version"));
        assert_eq!(judgement.gaps.len(), 1);
    }

    #[test]
    fn faults_of_the_certificate_are_separate_findings() {
        let mut seen = seen(MODERN);
        let mut bad = certificate();
        bad.name_fault = Some("names b".to_owned());
        seen.certificate = Some(Ok(bad));
        seen.now = 864_001;
        let judgement = judge(&seen);
        let titles: Vec<_> = judgement.findings.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(titles, [BAD_TIME.title, BAD_NAME.title]);
        assert_eq!(judgement.values["transport.certificate_valid"], Value::Bool(false));
        assert_eq!(judgement.values["transport.certificate_days_left"], Value::Int(-1));
    }

    #[test]
    fn the_same_refusal_in_the_clear_means_that_the_api_answers_there() {
        let usual = reply(401, &[], "");
        let served = |status, headers: &[(&str, &str)]| {
            judge_plain(Ok(reply(status, headers, "")), Some(&usual))
        };
        assert!(matches!(served(200, &[]), Plain::Served(_)));
        assert!(matches!(served(401, &[]), Plain::Served(_)));
        assert!(matches!(served(400, &[]), Plain::Refused));
        assert!(matches!(served(301, &[("location", "https://a/")]), Plain::Refused));
        assert!(matches!(served(301, &[("location", "http://a/")]), Plain::Unclear(_)));
        assert!(matches!(served(404, &[]), Plain::Unclear(_)));
    }

    #[test]
    fn a_plain_target_is_a_finding_and_measures_no_certificate() {
        let mut seen = seen(MODERN);
        (seen.tls, seen.certificate) = (false, None);
        let judgement = judge(&seen);
        assert_eq!(judgement.values.len(), 1);
        assert_eq!(judgement.values["transport.plaintext_refused"], Value::Bool(false));
        assert_eq!(judgement.findings.len(), 1);
    }

    #[test]
    fn a_max_age_of_zero_is_no_protection() {
        assert!(has_age("includeSubDomains; Max-Age=\"10\""));
        assert!(!has_age("max-age=0"));
        assert!(!has_age("includeSubDomains"));
    }

    #[test]
    fn evidence_of_plain_http_names_its_own_port() {
        let mut reply = reply(200, &[], "");
        reply.exchange.curl = "curl -X GET 'https://127.0.0.1:8443/v1/x'".to_owned();
        assert_eq!(plain_evidence(80, &reply).curl, "curl -X GET 'http://127.0.0.1:80/v1/x'");
    }
}
