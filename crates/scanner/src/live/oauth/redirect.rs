//! Whether codes and errors go to no other place than the registered one (RFC 9700 §4.1).

use url::Url;

use super::FLAW;
use super::code::settle;
use super::flow::{Ask, Server, Session};
use crate::flaw::Flaw;
use crate::live::request::{Request, escape};
use crate::live::scan::Scan;
use crate::live::{Gap, Judgement};
use crate::report::Severity;

/// A host that nobody has (RFC 2606 §2).
const STRANGER: &str = "portcullis.invalid";

pub const UNCHECKED: Flaw = Flaw {
    id: "redirect-unchecked",
    title: "The authorization server redirects to a foreign host",
    why: "A link to the authorization server sends a signed-in user's code to whoever made the link.",
    fix: "Compare `redirect_uri` with the registered ones, letter for letter (RFC 9700 §4.1.3).",
    cwe: 601,
    ..FLAW
};

pub const LOOSE: Flaw = Flaw {
    id: "redirect-loose",
    title: "The authorization server redirects to another place of the registered host",
    severity: Severity::Medium,
    ..UNCHECKED
};

/// With a client and a user: addresses that are almost the registered one.
pub async fn look(session: &Session<'_, '_>, judgement: &mut Judgement) {
    for (foreign, redirect_uri) in variants(&session.client.redirect_uri) {
        let ask = Ask { redirect_uri: redirect_uri.clone(), ..Ask::careful(session.client) };
        let asked = match session.ask(&ask).await {
            Ok(asked) => asked,
            Err(gap) => {
                judgement.gaps.push(gap);
                return;
            }
        };
        let followed = asked.location.as_ref().is_some_and(|place| leads(place, &redirect_uri));
        let flaw = if foreign { &UNCHECKED } else { &LOOSE };
        let what = format!("`{redirect_uri}` was followed.");
        let told = (flaw, "oauth.redirect_exact");
        // Only a code is worth taking along to another path of the same host.
        let taken = followed && (foreign || asked.code().is_some());
        settle(told, taken, &what, &[&asked.reply], judgement);
        if taken && foreign {
            return;
        }
    }
}

/// Without either: a client that nobody registered must lead nowhere (RFC 6749 §4.1.2.1). False if
/// the target has no authorization endpoint.
pub async fn look_as_stranger(scan: &Scan<'_>, server: &Server, judgement: &mut Judgement) -> bool {
    let redirect_uri = format!("https://{STRANGER}/callback");
    let path = format!(
        "{}?response_type=code&client_id=portcullis&redirect_uri={}&state=portcullis",
        server.authorization,
        escape(&redirect_uri)
    );
    let reply = match scan.send(&Request::get(path)).await {
        Ok(reply) => reply,
        Err(error) => {
            judgement.gaps.push(Gap::from(&error));
            return false;
        }
    };
    let place = reply.header("location").and_then(|place| Url::parse(place).ok());
    let followed = (300..400).contains(&reply.status)
        && place.as_ref().is_some_and(|place| leads(place, &redirect_uri));
    if followed {
        let what = "A client that nobody registered was followed to its own address.";
        let told = (&UNCHECKED, "oauth.redirect_exact");
        settle(told, true, what, &[&reply], judgement);
    }
    !matches!(reply.status, 404 | 405 | 410 | 501)
}

/// Addresses like this one, each with whether it is of another host.
fn variants(registered: &str) -> Vec<(bool, String)> {
    let Ok(url) = Url::parse(registered) else { return Vec::new() };
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    let rest =
        format!("{}{}", url.path(), url.query().map(|q| format!("?{q}")).unwrap_or_default());
    let plain = registered.trim_end_matches('/');
    let mut all = vec![
        (true, format!("https://{STRANGER}{rest}")),
        (true, format!("{scheme}://{host}.{STRANGER}{rest}")),
        (true, format!("{scheme}://{host}@{STRANGER}{rest}")),
        (true, format!("https://{STRANGER}/?{registered}")),
    ];
    if url.query().is_none() {
        all.push((false, format!("{plain}/portcullis")));
        all.push((false, format!("{plain}portcullis")));
        all.push((false, format!("{plain}/../portcullis")));
    }
    all
}

/// True if a redirect goes where this address says.
fn leads(place: &Url, wanted: &str) -> bool {
    let Ok(wanted) = Url::parse(wanted) else { return false };
    place.host_str() == wanted.host_str()
        && place.scheme() == wanted.scheme()
        && place.path().starts_with(wanted.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_addresses_are_of_another_host_and_loose_ones_are_not() {
        for registered in ["https://app.example/callback", "http://127.0.0.1/callback"] {
            let own = Url::parse(registered).expect("a URL");
            let all = variants(registered);
            assert!(all.len() == 7);
            for (foreign, text) in all {
                let url = Url::parse(&text).expect("a URL");
                assert_eq!(url.host_str() != own.host_str(), foreign, "{text}");
                assert!(!foreign || url.host_str().is_some_and(|host| host.ends_with(STRANGER)));
            }
        }
    }

    #[test]
    fn a_redirect_to_the_login_page_leads_nowhere_foreign() {
        let at = |text: &str| Url::parse(text).expect("a URL");
        let wanted = "https://portcullis.invalid/callback";
        assert!(leads(&at("https://portcullis.invalid/callback?code=1"), wanted));
        assert!(!leads(
            &at("https://a.example/login?next=https://portcullis.invalid/callback"),
            wanted
        ));
    }
}
