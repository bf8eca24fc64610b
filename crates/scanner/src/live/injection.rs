//! Check `injection`: does what a caller writes become a statement, a command, a template or a path?

mod boolean;
mod command;
mod delay;
mod flaws;
mod lines;
mod nosql;
pub mod probe;
mod sql_error;
mod template;
mod traversal;
mod xml;

use std::collections::BTreeSet;

use super::actor::Role;
use super::attempt::attempts;
use super::scan::Scan;
use super::world::{Case, World, points};
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::order::Intensity;
use crate::report::{self, Finding};
use flaws::{
    BY_DELAY, BY_ERROR, BY_TRUTH, COMMAND, ENTITIES, LINES, OPERATORS, TEMPLATE, TRAVERSAL,
};
use probe::Probe;

pub const CHECK: Check = Check {
    id: CheckId::Injection,
    title: "Injection",
    asks: "Does what a caller writes stay data wherever it goes?",
    flaws: &[
        &BY_ERROR, &BY_TRUTH, &BY_DELAY, &OPERATORS, &COMMAND, &TEMPLATE, &TRAVERSAL, &LINES,
        &ENTITIES,
    ],
    values: &[
        Measure {
            name: "injection.found",
            kind: Kind::Int,
            meaning: "places where what was sent was carried out",
        },
        Measure {
            name: "injection.places_tested",
            kind: Kind::Int,
            meaning: "parameters and fields that were tested",
        },
    ],
};

/// What is tried, in this order: what costs least and proves most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    SqlError,
    Template,
    Command,
    Traversal,
    Lines,
    Operators,
    Truth,
    Delay,
}

const FAMILIES: [Family; 8] = [
    Family::SqlError,
    Family::Template,
    Family::Command,
    Family::Traversal,
    Family::Lines,
    Family::Operators,
    Family::Truth,
    Family::Delay,
];

/// A place that was proven, so that it is not proven again by other means.
type Proven = BTreeSet<(usize, String, &'static str)>;

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let world = scan.world().await;
    let mut judgement = Judgement::default();
    let (mut found, mut proven) = (Vec::new(), Proven::new());
    let cases = match attempts(scan, world).await {
        Ok(cases) => cases,
        Err(gap) => return Judgement::unjudged(gap),
    };
    let probes = match probes(scan, world, &cases).await {
        Ok(probes) => probes,
        Err(gap) => return Judgement::unjudged(gap),
    };
    if probes.is_empty() {
        let why = world.stopped.clone();
        return Judgement::unjudged(why.unwrap_or_else(|| {
            Gap::undecided("no operation with a parameter or a field was seen to succeed")
        }));
    }
    // No family may leave nothing to those after it and to the checks that follow.
    let floor = scan.client.budget.left() / 4;
    let outcome = all(scan, &probes, floor, &mut found, &mut proven).await;
    let outcome = match outcome {
        Ok(()) => filters(&probes, world, &mut found, &proven).await,
        Err(gap) => Err(gap),
    };
    let outcome = match outcome {
        Ok(()) => xml::look(scan, world, &mut found).await,
        Err(gap) => Err(gap),
    };
    judgement.gaps.extend(outcome.err());
    let count = found.len();
    for finding in found {
        report::gather(&mut judgement.findings, finding);
    }
    if judgement.gaps.is_empty() || count > 0 {
        judgement.value("injection.found", count);
    }
    judgement.value("injection.places_tested", probes.len());
    judgement
}

/// Filters whose condition of ownership a caller may replace.
async fn filters(
    probes: &[Probe<'_, '_>],
    world: &World,
    found: &mut Vec<Finding>,
    proven: &Proven,
) -> Result<(), Gap> {
    for probe in probes {
        if !proven.contains(&probe.key(Family::Operators.kind())) {
            found.extend(nosql::look_at_owner(probe, world).await?);
        }
    }
    Ok(())
}

async fn all(
    scan: &Scan<'_>,
    probes: &[Probe<'_, '_>],
    floor: u32,
    found: &mut Vec<Finding>,
    proven: &mut Proven,
) -> Result<(), Gap> {
    for family in FAMILIES {
        for probe in probes {
            if scan.client.budget.left() < floor {
                return Err(Gap::new(
                    report::GapCode::OutOfRequests,
                    format!("{family:?} and what follows was not tried everywhere"),
                ));
            }
            // What was proven in words need not be waited for.
            let timed = family == Family::Delay;
            let heard = ["sql", "command"].map(|kind| proven.contains(&probe.key(kind)));
            if proven.contains(&probe.key(family.kind())) || (timed && heard.contains(&true)) {
                continue;
            }
            if let Some(finding) = family.look(probe).await? {
                proven.insert(probe.key(family.kind()));
                found.push(finding);
            }
        }
    }
    Ok(())
}

impl Family {
    /// Families that prove the same thing by other means.
    const fn kind(self) -> &'static str {
        match self {
            Self::SqlError | Self::Truth => "sql",
            Self::Command => "command",
            // A delay may prove either.
            Self::Delay => "delay",
            Self::Template => "template",
            Self::Traversal => "traversal",
            Self::Lines => "lines",
            Self::Operators => "operators",
        }
    }

    async fn look(self, probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
        match self {
            Self::SqlError => sql_error::look(probe).await,
            Self::Template => template::look(probe).await,
            Self::Command => command::look(probe).await,
            Self::Traversal => traversal::look(probe).await,
            Self::Lines => lines::look(probe).await,
            Self::Operators => nosql::look(probe).await,
            Self::Truth => boolean::look(probe).await,
            Self::Delay => delay::look(probe).await,
        }
    }
}

/// Every place of every operation, bounded.
async fn probes<'p, 'a>(
    scan: &'p Scan<'a>,
    world: &World,
    cases: &'p [Case],
) -> Result<Vec<Probe<'p, 'a>>, Gap> {
    let per_operation = match scan.intensity {
        Intensity::Gentle => 3,
        Intensity::Normal => 8,
        Intensity::Thorough => 20,
    };
    let mut found = Vec::new();
    for case in cases {
        let role = world.roles.get(case.operation).copied().unwrap_or(Role::Plain);
        let mut points = points(scan, case);
        points.retain(probe::takes_text);
        points.truncate(per_operation);
        if points.is_empty() {
            continue;
        }
        let Some(before) = probe::baseline(scan, case).await? else { continue };
        for point in points {
            found.push(Probe::new(scan, case, point, before.clone(), role));
        }
    }
    Ok(found)
}
