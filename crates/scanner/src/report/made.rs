//! Reports made by hand, for tests: an empty one, and one in which every text is hostile.

use std::collections::BTreeMap;

use super::{
    Confidence, Described, Exchange, Finding, GapCode, Incomplete, Place, Report, Scan, Severity,
    ShownRequest, ShownResponse, Value, score,
};
use crate::flaw::Flaw;

/// What tries to get out of every form: HTML, attributes, Markdown, XML, a terminal.
pub const HOSTILE: &str = "</pre></script><script>alert(1)</script>\" onmouseover=\"alert(2)' | `x` \
    @everyone #1 [click](http://evil.example) ![i](http://evil.example/i) ]]> &amp; \
    \u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}turned\u{0}\r\n| new | row |\n\n# Heading";

const FLAW: Flaw = Flaw {
    id: "key-in-query",
    check: "key-in-query",
    title: "A key travels in the query",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Addresses end up in logs, histories and Referer headers, and the key with them.",
    fix: "Take the key in the Authorization header.",
    owasp: "API2:2023",
    cwe: 598,
};

/// Of a document, with nothing in it.
pub fn report() -> Report {
    Report {
        format: super::FORMAT,
        scan: Scan::Document,
        scanner: "0.1.0".to_owned(),
        nonce: String::new(),
        document: Some(Described {
            source: "api/shop.yaml".to_owned(),
            sha256: "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8".to_owned(),
            title: "Shop".to_owned(),
            version: "1.2.0".to_owned(),
            openapi: "3.1".to_owned(),
            operations: 1_043,
        }),
        target: String::new(),
        certificate_sha256: None,
        tls: None,
        started: 1_788_000_000_000,
        ended: 1_788_000_001_234,
        checks: ["key-in-query", "unbounded-list", "plain-http"].map(str::to_owned).to_vec(),
        score: None,
        values: BTreeMap::new(),
        findings: Vec::new(),
        incomplete: Vec::new(),
        requests_sent: 0,
    }
}

/// A finding of this severity with one place.
pub fn severe(severity: Severity) -> Finding {
    let mut finding = Finding::new(&Flaw { severity, ..FLAW }, severity.code());
    finding.places.push(at("GET /orders", "api/shop.yaml", 12));
    finding.reach = 1;
    finding
}

/// Something that was not judged.
pub fn gap() -> Incomplete {
    Incomplete {
        check: "unbounded-list".to_owned(),
        code: GapCode::Unresolved,
        detail: "`https://elsewhere.example/pets.yaml` was not fetched".to_owned(),
    }
}

/// A document's report with three findings, one of them hostile in every text, and three gaps.
pub fn full() -> Report {
    let mut scan = report();
    let list = Flaw {
        id: "unbounded-list",
        check: "unbounded-list",
        title: "A list has no bound",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "One request can ask for everything there is.",
        fix: "Give `limit` a maximum, and page.",
        owasp: "API4:2023",
        cwe: 770,
    };
    let mut key = Finding::new(&FLAW, "query parameter `api_key`");
    key.places = vec![
        at("GET /orders/{id}", "api/shop.yaml", 120),
        at("POST /orders", "api/shop v2.yaml", 0),
    ];
    key.reach = 12;
    let mut lists = Finding::new(&list, "query parameter `limit`");
    lists.places = vec![at("GET /orders", "api/shop.yaml", 33); 2];
    lists.reach = 1_043;
    scan.findings = vec![hostile(), key, lists];
    scan.score = Some(score::score(&scan.findings, 1_043));
    scan.incomplete = vec![
        gap(),
        gap(),
        Incomplete {
            check: "document".to_owned(),
            code: GapCode::Unreadable,
            detail: format!("line 7: {HOSTILE}"),
        },
    ];
    scan.values.insert("document.operations".to_owned(), Value::Int(1_043));
    scan
}

/// A live scan's report, with an exchange of hostile texts.
pub fn live() -> Report {
    let mut scan = report();
    scan.scan = Scan::Live;
    scan.nonce = "n-1".to_owned();
    scan.target = "https://sandbox.example/v1 {a}".to_owned();
    scan.certificate_sha256 = Some("ab".repeat(32));
    scan.tls = Some("TLSv1.3 TLS13_AES_256_GCM_SHA384".to_owned());
    scan.requests_sent = 87;
    scan.values.insert("transport.hsts".to_owned(), Value::Bool(false));
    scan.values.insert("transport.tls_min_version".to_owned(), Value::Text("1.2".to_owned()));
    let mut finding = severe(Severity::Critical);
    finding.places = vec![Place::of_operation(Some("GET /orders/{id}".to_owned()))];
    finding.evidence = vec![exchange(), Exchange { response: None, ..exchange() }];
    finding.replay = exchange().curl;
    scan.findings = vec![finding];
    scan
}

fn hostile() -> Finding {
    let mut finding = Finding::new(&FLAW, HOSTILE);
    for text in [&mut finding.title, &mut finding.why, &mut finding.fix, &mut finding.owasp] {
        *text = HOSTILE.to_owned();
    }
    finding.id = format!("hostile-{HOSTILE}");
    finding.flaw = format!("hostile-{HOSTILE}");
    finding.check = format!("hostile-{HOSTILE}");
    finding.severity = Severity::Critical;
    finding.reach = 3;
    finding.places = vec![at(HOSTILE, HOSTILE, 7)];
    finding.evidence = vec![exchange()];
    finding.replay = HOSTILE.to_owned();
    finding
}

fn exchange() -> Exchange {
    let headers = vec![(HOSTILE.to_owned(), HOSTILE.to_owned())];
    Exchange {
        request: ShownRequest {
            line: format!("GET /{HOSTILE} HTTP/1.1"),
            headers: headers.clone(),
            body: Some(HOSTILE.to_owned()),
        },
        response: Some(ShownResponse {
            status: 200,
            headers,
            excerpt: HOSTILE.to_owned(),
            cut: true,
        }),
        curl: "curl -H \"authorization: Bearer $TOKEN\" 'https://sandbox.example/v1/orders/7'"
            .to_owned(),
    }
}

fn at(operation: &str, file: &str, line: u32) -> Place {
    Place {
        operation: Some(operation.to_owned()),
        file: file.to_owned(),
        pointer: "/paths/~1orders/get/parameters/0".to_owned(),
        line,
        detail: (line == 7).then(|| HOSTILE.to_owned()),
    }
}
