//! Cookies that carry a session, and what they lack.

use std::collections::BTreeMap;

use super::flaws::COOKIE;
use crate::live::scan::Scan;
use crate::live::sight::{Cookie, Sight};
use crate::report::{Exchange, Finding, ShownRequest, ShownResponse};

/// A value shorter than this is no session but a preference.
const LEAST: usize = 12;
/// Words in the names of cookies that carry a session.
const WORDS: [&str; 6] = ["sess", "sid", "auth", "token", "jwt", "login"];

/// One finding for each cookie that is loose, whichever answers set it.
pub fn judge(scan: &Scan<'_>) -> Vec<Finding> {
    loose(&scan.client.sights(), scan.client.target.tls)
}

fn loose(sights: &[Sight], tls: bool) -> Vec<Finding> {
    let mut seen: BTreeMap<&str, (&Sight, &Cookie)> = BTreeMap::new();
    for sight in sights {
        for cookie in sight.cookies.iter().filter(|one| is_session(one)) {
            seen.entry(&cookie.name).or_insert((sight, cookie));
        }
    }
    let lacking = |cookie: &Cookie| -> Vec<&'static str> {
        let all = [
            (!cookie.http_only, "HttpOnly"),
            (tls && !cookie.secure, "Secure"),
            (cookie.same_site.is_none(), "SameSite"),
        ];
        all.into_iter().filter(|(lacks, _)| *lacks).map(|(_, name)| name).collect()
    };
    let finding = |(name, (sight, cookie)): (&&str, &(&Sight, &Cookie))| {
        let lacks = lacking(cookie);
        // Without `SameSite` alone browsers assume `Lax`: that is no weakness by itself.
        let grave = lacks.iter().any(|one| *one != "SameSite");
        let evidence = vec![shown(sight, cookie)];
        let found = COOKIE.found(sight.operation.clone(), evidence).of_shape(*name);
        grave.then(|| Finding {
            title: format!("The cookie `{name}` lacks {}", lacks.join(", ")),
            ..found
        })
    };
    seen.iter().filter_map(finding).collect()
}

fn is_session(cookie: &Cookie) -> bool {
    let name = cookie.name.to_ascii_lowercase();
    // A token against forged forms is meant to be read by the page.
    let form = name.contains("csrf") || name.contains("xsrf");
    cookie.length >= LEAST && !form && WORDS.iter().any(|word| name.contains(word))
}

/// The cookie as it was set, without its value.
fn shown(sight: &Sight, cookie: &Cookie) -> Exchange {
    let line = sight.operation.clone().unwrap_or_else(|| "an answer of the scan".to_owned());
    let flags = [(cookie.http_only, "; HttpOnly"), (cookie.secure, "; Secure")];
    let mut value = format!("{}=…", cookie.name);
    value.extend(flags.iter().filter(|(set, _)| *set).map(|(_, text)| *text));
    if let Some(same) = &cookie.same_site {
        value.push_str("; SameSite=");
        value.push_str(same);
    }
    Exchange {
        request: ShownRequest { line, headers: Vec::new(), body: None },
        response: Some(ShownResponse {
            status: sight.status,
            headers: vec![("set-cookie".to_owned(), value)],
            excerpt: String::new(),
            cut: false,
        }),
        curl: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sight(header: &str) -> Sight {
        let cookies = Cookie::read(header).into_iter().collect();
        Sight { operation: None, status: 200, took: Duration::ZERO, cookies }
    }

    #[test]
    fn a_bare_session_is_found_once_and_a_guarded_one_not() {
        let bare = sight("app_sid=0123456789abcdef; Path=/");
        assert_eq!(loose(&[bare.clone(), bare], false).len(), 1);
        let guarded = sight("app_sid=0123456789abcdef; HttpOnly; SameSite=Lax");
        assert!(loose(std::slice::from_ref(&guarded), false).is_empty());
        assert_eq!(loose(&[guarded], true).len(), 1, "over TLS it must be Secure");
    }

    #[test]
    fn preferences_and_form_tokens_are_no_sessions() {
        let all = [sight("theme=dark-dark-dark-dark"), sight("csrf_token=0123456789abcdef")];
        assert!(loose(&all, true).is_empty());
    }
}
