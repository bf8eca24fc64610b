//! What `transport` concludes from what it has seen.

use super::flaws::*;
use super::*;
use crate::live::hello::Choice;
use crate::live::reply::made::reply;
use crate::report::Value;

fn certificate() -> Certificate {
    Certificate {
        sha256: "ab".to_owned(),
        not_before: 0,
        not_after: 8_640_000,
        chain_fault: None,
        name_fault: None,
    }
}

fn chosen(version: TlsVersion) -> HelloAnswer {
    HelloAnswer::Chosen(Choice { version, suite: 0xc02f, compressed: false })
}

fn seen(versions: [Option<TlsVersion>; 4]) -> Seen {
    let answers = versions.map(|one| match one {
        Some(version) => Ok(chosen(version)),
        None => Ok(HelloAnswer::Refused(Some(70))),
    });
    Seen {
        endpoint: "a.example:443".to_owned(),
        tls: true,
        here: false,
        hellos: TlsVersion::ALL.into_iter().zip(answers).collect(),
        weak: None,
        keys: None,
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
        ("transport.certificate_days_left", Value::Int(100)),
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
    seen.now = 8_640_001;
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

#[test]
fn a_weak_family_counts_only_if_one_of_its_suites_was_chosen() {
    let mut seen = seen(MODERN);
    let rc4 = FAMILIES.into_iter().find(|one| one.name == "RC4").unwrap();
    let with = |suite, compressed| {
        let choice = Choice { version: TlsVersion::V1_2, suite, compressed };
        Some((TlsVersion::V1_2, vec![(rc4, Ok(HelloAnswer::Chosen(choice)))]))
    };
    seen.weak = with(0x0005, true);
    let judgement = judge(&seen);
    let flaws: Vec<_> = judgement.findings.iter().map(|one| one.flaw.as_str()).collect();
    assert_eq!(flaws, [WEAK_SUITE.id, COMPRESSED.id]);
    assert_eq!(judgement.values["transport.weak_suites"], Value::Int(1));
    seen.weak = with(0xc02f, false);
    assert!(judge(&seen).findings.is_empty());
}

#[test]
fn a_certificate_that_ends_soon_is_told_before_it_ends() {
    let mut seen = seen(MODERN);
    seen.now = 8_640_000 - 13 * 86_400;
    let judgement = judge(&seen);
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].flaw, ENDS_SOON.id);
    assert_eq!(judgement.values["transport.certificate_valid"], Value::Bool(true));
}

#[test]
fn short_keys_broken_hashes_and_disorder_are_findings() {
    let mut seen = seen(MODERN);
    let good = Keys { bits: 2048, elliptic: false, broken: None, disordered: false };
    seen.keys = Some(good.clone());
    assert!(judge(&seen).findings.is_empty());
    let broken = Some("SHA-1".to_owned());
    seen.keys = Some(Keys { bits: 1024, broken, disordered: true, ..good });
    let judgement = judge(&seen);
    assert_eq!(judgement.findings.len(), 3);
    assert_eq!(judgement.values["transport.certificate_key_bits"], Value::Int(1024));
    seen.keys = Some(Keys { bits: 256, elliptic: true, broken: None, disordered: false });
    assert!(judge(&seen).findings.is_empty());
}
