//! Check `exposed-endpoints`: does the server answer where nobody outside should look?

mod backups;
mod flaws;
mod list;
mod offices;
mod old_versions;
mod signature;

use super::likeness::tells_of_error;
use super::reply::Reply;
use super::request::Request;
use super::scan::Scan;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::Exchange;
use flaws::{
    BACKUP, CONSOLE, DEBUG, DOCUMENTATION, METRICS, OFFICE, OLD_VERSION, REPOSITORY, SECRETS,
};
use list::{Entry, LIST};
pub use old_versions::{is_documented, others as other_versions};
use signature::Signature;

pub const CHECK: Check = Check {
    id: CheckId::ExposedEndpoints,
    title: "Exposed endpoints",
    asks: "Are debug pages, backups, consoles and old versions closed to strangers?",
    flaws: &[
        &REPOSITORY,
        &SECRETS,
        &BACKUP,
        &DEBUG,
        &METRICS,
        &CONSOLE,
        &DOCUMENTATION,
        &OLD_VERSION,
        &OFFICE,
    ],
    values: &[
        Measure {
            name: "exposed.found",
            kind: Kind::Int,
            meaning: "undocumented paths that answer with something of the inside whom it is not for",
        },
        Measure {
            name: "exposed.paths_asked",
            kind: Kind::Int,
            meaning: "paths that were asked for",
        },
    ],
};

/// What one path of the list answered, and what a path that cannot exist answered.
struct Seen<'e> {
    entry: Entry<'e>,
    path: String,
    reply: Reply,
    nothing: Exchange,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    match observe(scan).await {
        Ok(judgement) => judgement,
        Err(gap) => Judgement::unjudged(gap),
    }
}

async fn observe(scan: &Scan<'_>) -> Result<Judgement, Gap> {
    let nothing = nothing(scan).await?;
    let known = documented(scan);
    let mut asked = 0;
    let mut seen = Vec::new();
    let copies = backups::paths(scan, &nothing);
    let copies = copies.iter().map(|path| backup(path));
    for entry in LIST.iter().copied().chain(copies) {
        for path in paths(scan, &entry) {
            if known.contains(&path) {
                continue;
            }
            asked += 1;
            let Some(reply) = ask(scan, &entry, &path).await? else { continue };
            if is_told(&entry, &reply, &nothing) {
                let nothing = nothing_like(&nothing, &path);
                seen.push(Seen { entry, path, reply, nothing });
                break;
            }
        }
    }
    let mut judgement = judge(&seen);
    let old = old_versions::look(scan, &mut asked).await?;
    judgement.findings.extend(old);
    let offices = offices::look(scan, &bases(scan), &judgement.findings, &mut asked).await?;
    judgement.findings.extend(offices);
    let found = judgement.findings.len();
    judgement.value("exposed.found", found);
    judgement.value("exposed.paths_asked", asked);
    Ok(judgement)
}

fn backup(path: &str) -> Entry<'_> {
    let what = "the source of a program";
    Entry { path, flaw: &BACKUP, signature: Signature::Source, what, below: false }
}

/// What this server answers for nothing, for several kinds of nothing: a page for everything, a
/// catch-all, an ordinary 404.
async fn nothing(scan: &Scan<'_>) -> Result<Vec<Reply>, Gap> {
    let word = || scan.client.marks.next();
    let hidden = format!("/.{}/{}", word(), word());
    let paths = [
        format!("/{}", word()),
        format!("/{}/{}", word(), word()),
        hidden,
        format!("/{}.bak", word()),
    ];
    let mut replies = Vec::new();
    for path in paths {
        match scan.send(&Request::get(path)).await {
            Ok(reply) => replies.push(reply),
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => {}
        }
    }
    match replies.is_empty() {
        true => Err(Gap::undecided("paths that cannot exist were not answered")),
        false => Ok(replies),
    }
}

fn nothing_like(nothing: &[Reply], path: &str) -> Exchange {
    let backup = nothing.iter().find(|_| path.ends_with(".bak")).and(nothing.last());
    let first = backup.or(nothing.first()).map(|reply| reply.exchange.clone());
    first.unwrap_or_else(empty)
}

fn empty() -> Exchange {
    let request =
        crate::report::ShownRequest { line: String::new(), headers: Vec::new(), body: None };
    Exchange { request, response: None, curl: String::new() }
}

/// Paths that the document has itself: what is described was put there on purpose.
fn documented(scan: &Scan<'_>) -> Vec<String> {
    let base = &scan.client.target.base;
    scan.document.operations.iter().map(|one| format!("{base}{}", one.path)).collect()
}

/// At the root of the host, and below the API's own base for what a framework hangs there.
fn paths(scan: &Scan<'_>, entry: &Entry<'_>) -> Vec<String> {
    let below = bases(scan).into_iter().filter(|base| entry.below || base.is_empty());
    below.map(|base| format!("{base}{}", entry.path)).collect()
}

/// Below what paths hang: nothing, the target's own base, and what all documented paths begin with.
fn bases(scan: &Scan<'_>) -> Vec<String> {
    let base = &scan.client.target.base;
    let paths = scan.document.operations.iter().map(|one| one.path);
    let mut all = vec![String::new(), base.clone(), format!("{base}{}", common(paths))];
    all.dedup();
    all
}

/// The folders that all of these paths begin with: `/api` of `/api/users` and `/api/v2/login`.
fn common<'p>(mut paths: impl Iterator<Item = &'p str>) -> String {
    let folders = |path: &'p str| -> Vec<&'p str> {
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let count = parts.len().saturating_sub(1);
        parts.into_iter().take(count).take_while(|part| !part.contains('{')).collect()
    };
    let mut shared = paths.next().map(folders).unwrap_or_default();
    for path in paths {
        let same =
            shared.iter().zip(folders(path)).take_while(|(one, other)| **one == *other).count();
        shared.truncate(same);
    }
    shared.iter().map(|part| format!("/{part}")).collect()
}

/// Asks without any credential; where the content would be large only for its head.
async fn ask(scan: &Scan<'_>, entry: &Entry<'_>, path: &str) -> Result<Option<Reply>, Gap> {
    let mut request = Request::get(path.to_owned());
    if entry.is_large() {
        request.method = crate::api::Method::Head;
    }
    scan.answer(&request).await
}

/// The content must be what it should be, and what the server answers for nothing must not.
fn is_told(entry: &Entry<'_>, reply: &Reply, nothing: &[Reply]) -> bool {
    let fits = |reply: &Reply| reply.is_success() && entry.signature.fits(reply);
    fits(reply) && !tells_of_error(reply) && !nothing.iter().any(fits)
}

fn judge(seen: &[Seen<'_>]) -> Judgement {
    let mut judgement = Judgement::default();
    for one in seen {
        let evidence = vec![one.nothing.clone(), one.reply.exchange.clone()];
        let mut finding = one.entry.flaw.found(None, evidence).of_shape(one.path.as_str());
        finding.title = format!("{}: `{}`", finding.title, one.path);
        finding.why = format!("{} Seen: {}.", finding.why, one.entry.what);
        judgement.findings.push(finding);
    }
    judgement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    fn entry(path: &str) -> &'static Entry<'static> {
        LIST.iter().find(|one| one.path == path).expect("listed")
    }

    #[test]
    fn content_tells_and_a_status_does_not() {
        let nothing = [reply(404, &[], "not found")];
        let head = entry("/.git/HEAD");
        assert!(is_told(head, &reply(200, &[], "ref: refs/heads/main\n"), &nothing));
        assert!(!is_told(head, &reply(200, &[], "<html>welcome</html>"), &nothing));
        assert!(!is_told(head, &reply(404, &[], "ref: refs/heads/main\n"), &nothing));
    }

    #[test]
    fn a_server_that_answers_everything_the_same_tells_nothing() {
        let all = reply(200, &[], "# HELP a b\n# TYPE a counter\na 1\n");
        assert!(!is_told(entry("/metrics"), &all, std::slice::from_ref(&all)));
    }

    #[test]
    fn what_all_paths_begin_with_is_a_base() {
        assert_eq!(common(["/api/users", "/api/v2/login", "/api/{id}/x"].into_iter()), "/api");
        assert_eq!(common(["/users", "/users/{id}"].into_iter()), "");
        assert_eq!(common(std::iter::empty()), "");
    }

    #[test]
    fn every_entry_is_asked_once() {
        let mut paths: Vec<_> = LIST.iter().map(|one| one.path).collect();
        paths.sort_unstable();
        let count = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), count);
        assert!(LIST.iter().all(|one| one.path.starts_with('/') && !one.what.is_empty()));
    }
}
