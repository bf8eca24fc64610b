//! Check `server-requests`: does the service call, or lead its visitors, wherever a caller says?

mod redirect;

use std::time::Duration;

use super::actor::{Role, role};
use super::attempt::attempts;
use super::injection::probe::{described, name};
use super::invent::{Marker, words};
use super::reply::Reply;
use super::scan::Scan;
use super::target::is_loopback;
use super::witness::Witness;
use super::world::{Case, Change, Point, Spot, World, facts, is_harmful, points};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::Method;
use crate::live::CheckId;
use crate::live::call::Inputs;
use crate::report::{Confidence, Exchange, Finding, Place, Severity};

pub const CHECK: Check = Check {
    id: CheckId::ServerRequests,
    title: "Server-side requests",
    asks: "Does the service call, or lead its visitors, only where it should?",
    flaws: &[&FORGED, &REDIRECT],
    values: &[
        Measure {
            name: "server_requests.found",
            kind: Kind::Int,
            meaning: "places where a caller chooses what the service calls",
        },
        Measure {
            name: "server_requests.places_tested",
            kind: Kind::Int,
            meaning: "parameters and fields that took an address",
        },
    ],
};

/// Words in names of places that hold an address.
const WORDS: [&str; 22] = [
    "url",
    "uri",
    "link",
    "href",
    "callback",
    "webhook",
    "hook",
    "endpoint",
    "source",
    "src",
    "target",
    "dest",
    "destination",
    "host",
    "site",
    "feed",
    "fetch",
    "remote",
    "proxy",
    "image",
    "avatar",
    "location",
];
/// Operations on a new object that may make it call.
const MOST_TRIGGERS: usize = 4;
/// How long a call is waited for after an answer, and once more at the end.
const SOON: Duration = Duration::from_millis(250);
const LATER: Duration = Duration::from_millis(1_500);
const MOST_PLACES: usize = 60;

/// An address of ours that was put somewhere.
struct Planted {
    operation: Option<String>,
    place: String,
    word: String,
    proof: Vec<Exchange>,
    /// The operation that then made it call, if that is another.
    trigger: Option<String>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let world = scan.world().await;
    match redirect::look(scan, world).await {
        Ok(found) => judgement.findings.extend(found),
        Err(gap) => judgement.gaps.push(gap),
    }
    if !scan.client.address().is_some_and(|address| is_loopback(address.ip())) {
        judgement.gaps.push(Gap::undecided(
            "the target is not on loopback, so it could not call a listener of this scan",
        ));
        return judgement;
    }
    match observe(scan, world).await {
        Ok((found, tested)) => {
            judgement.value("server_requests.found", found.len());
            judgement.value("server_requests.places_tested", tested);
            judgement.findings.extend(found);
        }
        Err(gap) => judgement.gaps.push(gap),
    }
    judgement
}

async fn observe(scan: &Scan<'_>, world: &World) -> Result<(Vec<Finding>, usize), Gap> {
    let witness = Witness::open([127, 0, 0, 1].into(), Vec::new()).await;
    let witness = witness.map_err(|error| Gap::undecided(format!("no listener: {error}")))?;
    let (mut found, mut waiting) = (Vec::new(), Vec::new());
    let mut tested = 0;
    let cases = attempts(scan, world).await?;
    for (case, point) in places(scan, &cases) {
        tested += 1;
        let planted = plant(scan, &witness, case, &point).await?;
        match planted {
            Some((planted, true)) => found.push(finding(planted)),
            Some((planted, false)) => waiting.push(planted),
            None => {}
        }
    }
    let mut patience = LATER;
    for planted in waiting {
        if witness.call(&planted.word, patience).await.is_some() {
            found.push(finding(planted));
        } else {
            patience = Duration::from_millis(1);
        }
    }
    Ok((found, tested))
}

/// Places whose name or value says that an address stands there.
fn places<'w>(scan: &Scan<'_>, cases: &'w [Case]) -> Vec<(&'w Case, Point)> {
    let mut found = Vec::new();
    for case in cases {
        let all = points(scan, case).into_iter().filter(holds_address);
        found.extend(all.map(|point| (case, point)));
    }
    found.truncate(MOST_PLACES);
    found
}

fn holds_address(point: &Point) -> bool {
    let named = words(name(&point.spot)).iter().any(|word| WORDS.contains(&word.as_str()));
    let current = point.current.as_ref().and_then(|value| value.as_str());
    let is_url =
        current.is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"));
    !matches!(point.spot, Spot::Path(_)) && (named || is_url)
}

/// Puts an address of ours there and asks what may act on it. True if it was called at once.
async fn plant(
    scan: &Scan<'_>,
    witness: &Witness,
    case: &Case,
    point: &Point,
) -> Result<Option<(Planted, bool)>, Gap> {
    let word = Marker::fresh().plain();
    let change = Change::new(point.spot.clone(), witness.address_of(&format!("/{word}")));
    let Some(reply) = scan.answer(&case.request(scan, &[change])).await? else { return Ok(None) };
    let mut planted = Planted {
        operation: case.request.operation.clone(),
        place: described(&point.spot),
        word,
        proof: vec![case.reply.exchange.clone(), reply.exchange.clone()],
        trigger: None,
    };
    if witness.call(&planted.word, SOON).await.is_some() {
        return Ok(Some((planted, true)));
    }
    for trigger in triggers(scan, case, &reply) {
        let Some(acted) = scan.answer(&trigger.with(case.request.credential.clone())).await? else {
            continue;
        };
        if witness.call(&planted.word, SOON).await.is_some() {
            planted.proof.push(acted.exchange);
            planted.trigger = trigger.operation;
            return Ok(Some((planted, true)));
        }
    }
    Ok(Some((planted, false)))
}

/// Operations below what was just made: to test it, to run it, to read it.
fn triggers(scan: &Scan<'_>, case: &Case, made: &Reply) -> Vec<crate::live::request::Request> {
    let Some(own) = scan.document.operations.get(case.operation) else { return Vec::new() };
    let record = made.json().as_ref().and_then(facts::record).unwrap_or_default();
    let kind = facts::kind(own.path);
    // A change names what it changes; what was made has its name in the answer.
    let changed = facts::last_parameter(own.path).is_some();
    let place = match changed {
        true => facts::normal(own.path),
        false => format!("{}/{{}}", facts::normal(own.path)),
    };
    // Another change would put another address there; what ends something or changes a password is no
    // trigger either, and only what is ours is touched.
    if changed && case.object.is_none() {
        return Vec::new();
    }
    let below = scan.document.operations.iter().filter(|one| {
        let role = role(&scan.document, one);
        facts::normal(one.path).starts_with(&place)
            && matches!(one.method, Method::Post | Method::Get)
            && role == Role::Plain
            && !is_harmful(one, role)
    });
    let filled = below.filter_map(|one| {
        let names = facts::parameters(one.path);
        let mut values: Vec<String> =
            case.inputs.path.iter().map(|(_, value)| value.clone()).collect();
        if !changed {
            values.push(facts::value_for(&record, names.last()?, &kind)?);
        }
        let mut inputs = Inputs::of_document(&scan.document, one);
        inputs.path = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        inputs.body = one.body().map(|body| scan.document.body_value(body));
        (inputs.path.len() == names.len()).then(|| scan.written(one, &inputs))
    });
    let mut all: Vec<_> = filled.collect();
    // What acts comes before what reads.
    all.sort_by_key(|request| request.method.is_safe());
    all.truncate(MOST_TRIGGERS);
    all
}

fn finding(planted: Planted) -> Finding {
    let mut finding =
        FORGED.found(planted.operation, planted.proof).of_shape(planted.place.as_str());
    finding.title = format!("{}: {}", finding.title, planted.place);
    if let (Some(trigger), Some(place)) = (planted.trigger, finding.places.first().cloned()) {
        finding.places.push(Place { operation: Some(trigger), ..place });
    }
    finding
}

const FORGED: Flaw = Flaw {
    id: "server-request-forged",
    check: CheckId::ServerRequests.code(),
    title: "The service calls an address that a caller chose",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "It called a listener of this scan on its own loopback: so it reaches for a caller what \
          stands behind the firewall, metadata of the cloud and consoles included.",
    fix: "Allow a list of hosts; resolve the name, refuse private and loopback addresses, and \
          connect to the address that was checked.",
    owasp: "API7:2023",
    cwe: 918,
};

const REDIRECT: Flaw = Flaw {
    id: "open-redirect",
    title: "A link of the service leads wherever its maker wants",
    severity: Severity::Medium,
    why: "A link that begins with a trusted name ends at a stranger's page, which may look like a \
          login; codes and tokens in the address go along.",
    fix: "Take a path of your own or an entry of a list, never a whole address.",
    owasp: "API8:2023",
    cwe: 601,
    ..FORGED
};
