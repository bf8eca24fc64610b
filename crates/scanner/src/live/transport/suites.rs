//! Families of cipher suites that protect nothing, or too little, each asked for by itself.

use super::{
    COMPRESSED, Exchange, HelloAnswer, Judgement, Seen, ShownRequest, ShownResponse, TlsVersion,
    WEAK_SUITE, flag,
};
use crate::live::hello::Choice;
use crate::report::Severity;

/// Suites of one weakness, by number (RFC 5246 §A.5, RFC 2246 §A.5, RFC 8422 §6).
#[derive(Debug, Clone, Copy)]
pub struct Family {
    pub name: &'static str,
    pub suites: &'static [u16],
    /// What `openssl s_client -cipher` calls them.
    pub openssl: &'static str,
    pub severity: Severity,
}

pub const FAMILIES: [Family; 6] = [
    Family {
        name: "no encryption",
        suites: &[0x0001, 0x0002, 0x003b, 0xc006, 0xc010, 0xc001, 0xc00b],
        openssl: "eNULL",
        severity: Severity::High,
    },
    Family {
        name: "no authentication",
        suites: &[
            0x0018, 0x001b, 0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc015, 0xc016, 0xc017,
            0xc018, 0xc019, 0x0046, 0x0089,
        ],
        openssl: "aNULL",
        severity: Severity::High,
    },
    Family {
        name: "export",
        suites: &[0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014, 0x0017, 0x0019],
        openssl: "EXPORT",
        severity: Severity::High,
    },
    Family {
        name: "single DES",
        suites: &[0x0009, 0x000c, 0x000f, 0x0012, 0x0015, 0x001a],
        openssl: "DES",
        severity: Severity::High,
    },
    Family {
        name: "RC4",
        suites: &[0x0005, 0x0004, 0xc007, 0xc011, 0xc002, 0xc00c],
        openssl: "RC4",
        severity: Severity::Medium,
    },
    Family {
        name: "triple DES",
        suites: &[0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc003, 0xc00d],
        openssl: "3DES",
        severity: Severity::Medium,
    },
];

pub fn judge(seen: &Seen, judgement: &mut Judgement) {
    let Some((version, answers)) = &seen.weak else { return };
    let mut offered = 0_usize;
    let mut whole = true;
    for (family, answer) in answers {
        match answer {
            Ok(HelloAnswer::Chosen(choice)) if family.suites.contains(&choice.suite) => {
                offered += 1;
                let exchange = evidence(&seen.endpoint, *version, family, choice.suite);
                let mut finding = WEAK_SUITE.found(None, vec![exchange]).of_shape(family.name);
                finding.severity = family.severity;
                finding.title = format!("{}: {}", finding.title, family.name);
                judgement.findings.push(finding);
            }
            // A server that answers with what was not offered is judged by the versions.
            Ok(_) => {}
            Err(_) => whole = false,
        }
    }
    if whole || offered > 0 {
        judgement.value("transport.weak_suites", offered);
    }
    judge_compression(seen, judgement);
}

fn judge_compression(seen: &Seen, judgement: &mut Judgement) {
    let weak = seen.weak.iter().flat_map(|(_, answers)| answers.iter().map(|(_, answer)| answer));
    let all = seen.hellos.iter().map(|(_, answer)| answer).chain(weak);
    let compressed = |answer: &Result<HelloAnswer, _>| {
        matches!(answer, Ok(HelloAnswer::Chosen(Choice { compressed: true, .. })))
    };
    if all.into_iter().any(compressed) {
        let excerpt = "a ServerHello that chooses compression".to_owned();
        judgement
            .findings
            .push(COMPRESSED.found(None, vec![super::handshake(&seen.endpoint, excerpt)]));
    }
}

fn evidence(endpoint: &str, version: TlsVersion, family: &Family, suite: u16) -> Exchange {
    let line =
        format!("a TLS {} ClientHello with suites of `{}` only", version.name(), family.name);
    let excerpt = format!("a ServerHello that chooses suite {suite:#06x}");
    Exchange {
        request: ShownRequest { line, headers: Vec::new(), body: None },
        response: Some(ShownResponse { status: 0, headers: Vec::new(), excerpt, cut: false }),
        curl: format!(
            "openssl s_client -connect '{endpoint}' -{} -cipher '{}:@SECLEVEL=0' </dev/null",
            flag(version),
            family.openssl
        ),
    }
}
