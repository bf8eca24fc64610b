//! Whether a refusal tells an unknown name from a wrong password (CWE-204).

use super::{FLAW, Ground};
use crate::flaw::Flaw;
use crate::live::actor::{Account, Role, door_fields, is_password, role, visitor};
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::{Gap, Judgement};
use crate::report::{Confidence, Severity};
use crate::secret::Secret;

/// Resets that are compared.
const MOST_RESETS: usize = 3;
/// Headers that differ from answer to answer by nature, or count.
const VOLATILE: [&str; 14] = [
    "date",
    "etag",
    "age",
    "content-length",
    "set-cookie",
    "server-timing",
    "x-request-id",
    "x-correlation-id",
    "x-runtime",
    "x-response-time",
    "request-id",
    "x-trace-id",
    "traceparent",
    "last-modified",
];

pub const AT_LOGIN: Flaw = Flaw {
    id: "login-enumerates",
    title: "Logging in tells who has an account",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "Whoever has a list of addresses learns which of them have an account here, and tries \
          leaked passwords only for those.",
    fix: "Answer an unknown name exactly like a wrong password: the same status, body and headers, \
          after the same work.",
    cwe: 204,
    ..FLAW
};

pub const AT_RESET: Flaw = Flaw {
    id: "reset-enumerates",
    title: "A password reset tells who has an account",
    fix: "Answer every reset alike, and say the rest in the mail that it sends.",
    ..AT_LOGIN
};

/// What a refusal says, without what we sent and without what changes by itself.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    status: u16,
    body: String,
    headers: Vec<(String, String)>,
}

pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let wrong = |account: &Account| Account {
        // A password of the same form, so that only its being wrong matters.
        password: Secret::new(visitor::stranger(account).password.expose().to_owned()),
        ..account.clone()
    };
    let request = |account: &Account| Some(ground.attempt(scan, account));
    let compared = compare(scan, ground, &wrong, &request).await;
    let label = ground.label(scan);
    enter(compared, "login.names_hidden", &AT_LOGIN, label, judgement);
}

pub async fn look_at_resets(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let all = scan.document.operations.iter().enumerate();
    let resets = all.filter(|(_, one)| {
        let fields = door_fields(&scan.document, one);
        let names = ["email", "mail", "username", "user", "login", "name", "identifier"];
        let asks = fields.iter().any(|field| names.contains(&field.to_ascii_lowercase().as_str()));
        let more = ["token", "code", "otp", "pin", "key"];
        let second = fields
            .iter()
            .any(|field| is_password(field) || more.contains(&field.to_ascii_lowercase().as_str()));
        let path = one.path.to_ascii_lowercase();
        let forgotten =
            ["reset", "forgot", "recover", "lost"].iter().any(|word| path.contains(word));
        (forgotten || role(&scan.document, one) == Role::Password)
            && one.security.is_open()
            && !one.method.is_safe()
            && !one.is_templated()
            && asks
            && !second
    });
    let resets: Vec<_> = resets.map(|(index, one)| (index, one.label())).collect();
    for (index, label) in resets.into_iter().take(MOST_RESETS) {
        let request = |account: &Account| visitor::asked_at(scan, index, account);
        let compared = compare(scan, ground, &Account::clone, &request).await;
        enter(compared, "login.reset_names_hidden", &AT_RESET, label, judgement);
    }
}

/// Two answers for the known account and two for unknown ones, in turns.
struct Compared {
    known: [Reply; 2],
    unknown: [Reply; 2],
    said: [Said; 4],
}

async fn compare(
    scan: &Scan<'_>,
    ground: &Ground,
    ask_as: &dyn Fn(&Account) -> Account,
    request: &dyn Fn(&Account) -> Option<Request>,
) -> Result<Compared, Gap> {
    let known = ground.account.clone();
    let strangers = [visitor::stranger(&known), visitor::stranger(&known)];
    let mut replies = Vec::new();
    for account in [&known, &strangers[0], &known, &strangers[1]] {
        let asked = ask_as(account);
        let request = request(&asked).ok_or_else(|| Gap::no_operation("no such operation"))?;
        let reply = scan.client.send(&request).await.map_err(|error| Gap::from(&error))?;
        if reply.status == 429 {
            return Err(Gap::undecided("a limit was met before the answers could be compared"));
        }
        let said = said(&reply, &asked);
        replies.push((reply, said));
    }
    let mut replies = replies.into_iter();
    let mut next = || replies.next().ok_or_else(|| Gap::undecided("an answer is missing"));
    let (first, second, third, fourth) = (next()?, next()?, next()?, next()?);
    Ok(Compared {
        known: [first.0, third.0],
        unknown: [second.0, fourth.0],
        said: [first.1, second.1, third.1, fourth.1],
    })
}

fn enter(
    compared: Result<Compared, Gap>,
    name: &'static str,
    flaw: &Flaw,
    label: String,
    judgement: &mut Judgement,
) {
    let compared = match compared {
        Ok(compared) => compared,
        Err(gap) => {
            judgement.gaps.push(gap);
            return;
        }
    };
    let [known, unknown, known_again, unknown_again] = &compared.said;
    if known == unknown {
        judgement.values.entry(name).or_insert(true.into());
        return;
    }
    if known != known_again || unknown != unknown_again {
        let detail = format!("`{label}` answers differently each time, whoever is named");
        judgement.gaps.push(Gap::undecided(detail));
        return;
    }
    judgement.value(name, false);
    let shown = compared.known.iter().chain(&compared.unknown);
    let evidence = shown.map(|reply| reply.exchange.clone()).collect();
    let mut finding = flaw.found(Some(label), evidence);
    finding.why = format!("{} {}.", finding.why, difference(known, unknown));
    judgement.findings.push(finding);
}

fn difference(known: &Said, unknown: &Said) -> String {
    if known.status != unknown.status {
        return format!(
            "A known name is answered {}, an unknown one {}",
            known.status, unknown.status
        );
    }
    match known.body == unknown.body {
        true => "The headers of the two answers differ".to_owned(),
        false => "The bodies of the two answers differ".to_owned(),
    }
}

fn said(reply: &Reply, account: &Account) -> Said {
    let sent = [account.email.as_str(), account.name.as_str(), account.password.expose()];
    let clean = |text: &str| {
        let mut text = text.to_owned();
        for sent in sent.iter().filter(|sent| !sent.is_empty()) {
            text = text.replace(sent, "·");
        }
        if let Some(marker) = &account.marker {
            text = text.replace(&marker.plain(), "·").replace(&marker.text(), "·");
        }
        still(&text)
    };
    let kept = reply.headers.iter().filter(|(name, _)| {
        !VOLATILE.contains(&name.as_str()) && !name.contains("ratelimit") && !name.contains("nonce")
    });
    let mut headers: Vec<_> = kept.map(|(name, value)| (name.clone(), clean(value))).collect();
    headers.sort_unstable();
    Said { status: reply.status, body: clean(&reply.text()), headers }
}

/// Words with a digit in them are ids, times and counts.
fn still(text: &str) -> String {
    let mut kept = String::new();
    let mut word = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_alphanumeric() {
            word.push(character);
            continue;
        }
        let counts = word.contains(|one: char| one.is_ascii_digit());
        kept.push_str(if counts { "#" } else { &word });
        word.clear();
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    fn account(name: &str) -> Account {
        Account {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            password: Secret::new("pass-word-1".to_owned()),
            marker: None,
            sent: serde_json::Value::Null,
            registered: None,
            door: None,
        }
    }

    fn compared(known: [&str; 2], unknown: [&str; 2]) -> Judgement {
        let (ann, bob, eve) = (account("ann"), account("bob"), account("eve"));
        let said = [
            said(&json(401, known[0]), &ann),
            said(&json(401, unknown[0]), &bob),
            said(&json(401, known[1]), &ann),
            said(&json(401, unknown[1]), &eve),
        ];
        let both = |bodies: [&str; 2]| bodies.map(|body| json(401, body));
        let compared = Compared { known: both(known), unknown: both(unknown), said };
        let mut judgement = Judgement::default();
        let label = "POST /login".to_owned();
        enter(Ok(compared), "login.names_hidden", &AT_LOGIN, label, &mut judgement);
        judgement
    }

    #[test]
    fn what_was_sent_and_what_counts_makes_no_difference() {
        let judgement = compared(
            [
                r#"{"message": "ann: no", "id": "a91f", "at": 17}"#,
                r#"{"message": "ann: no", "id": "7c", "at": 18}"#,
            ],
            [
                r#"{"message": "bob: no", "id": "b03e", "at": 17}"#,
                r#"{"message": "eve: no", "id": "99", "at": 18}"#,
            ],
        );
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
        assert_eq!(judgement.values["login.names_hidden"], true.into());
    }

    #[test]
    fn another_sentence_for_an_unknown_name_is_found() {
        let known = r#"{"message": "wrong password"}"#;
        let unknown = r#"{"message": "no such user"}"#;
        let judgement = compared([known; 2], [unknown; 2]);
        assert_eq!(judgement.findings[0].flaw, "login-enumerates");
    }

    #[test]
    fn a_service_that_says_something_else_each_time_is_not_blamed() {
        let judgement =
            compared([r#"{"a": "x"}"#, r#"{"a": "y"}"#], [r#"{"a": "z"}"#, r#"{"a": "x"}"#]);
        assert!(judgement.findings.is_empty() && judgement.gaps.len() == 1);
    }
}
