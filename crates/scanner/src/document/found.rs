//! What one check found so far: what has the same shape is one finding with many places.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Check;
use crate::api::{Api, At, Files, Lines, Shape, Way};
use crate::report::{Finding, GapCode, Incomplete, Place};

/// Places of one finding that are kept; beyond it the report says that there are more.
const MOST_PLACES: usize = 20_000;
/// Findings of one check that are kept, and bytes of a shape or detail.
const MOST_FINDINGS: usize = 400;
const MOST_TEXT: usize = 160;

/// Where something was found, and what it reaches.
#[derive(Debug, Clone)]
pub struct Spot<'a> {
    at: &'a At,
    reach: Reach<'a>,
    detail: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Reach<'a> {
    Everything,
    Nothing,
    One(u32),
    Many(&'a [u32]),
}

/// Findings of one check.
#[derive(Debug)]
pub struct Found<'a> {
    api: &'a Api<'a>,
    check: &'static Check,
    groups: Vec<Group>,
    by_shape: HashMap<String, usize>,
    /// Findings that were left out.
    left: usize,
}

#[derive(Debug)]
struct Group {
    finding: Finding,
    operations: Operations,
    left: usize,
}

/// Distinct operations.
#[derive(Debug, Default)]
struct Operations {
    everything: bool,
    bits: Vec<u64>,
    /// Lists that have been added: their addresses and lengths.
    added: HashSet<(usize, usize)>,
}

impl<'a> Spot<'a> {
    /// Something of the document as a whole.
    pub fn document(at: &'a At) -> Self {
        Self { at, reach: Reach::Everything, detail: None }
    }

    /// A place of which nobody knows what it reaches.
    pub fn place(at: &'a At) -> Self {
        Self { at, reach: Reach::Nothing, detail: None }
    }

    /// Something of one operation.
    pub fn operation(number: u32, at: &'a At) -> Self {
        Self { at, reach: Reach::One(number), detail: None }
    }

    /// Something in a shape that reaches many operations.
    pub fn shape(shape: &'a Shape<'_>, way: Way, at: &'a At) -> Self {
        Self::many(shape.reach(way), at)
    }

    /// Something that reaches these operations.
    pub fn many(operations: &'a [u32], at: &'a At) -> Self {
        Self { at, reach: Reach::Many(operations), detail: None }
    }

    /// What is particular to this place, for instance a field's name.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(cut(detail.into()));
        self
    }
}

impl<'a> Found<'a> {
    pub(super) fn new(api: &'a Api<'a>, check: &'static Check) -> Self {
        Self { api, check, groups: Vec::new(), by_shape: HashMap::new(), left: 0 }
    }

    /// Adds a place to the finding of this shape.
    pub fn at(&mut self, shape: impl Into<String>, spot: Spot<'_>) {
        let place = self.place(&spot);
        let Some(group) = self.group(cut(shape.into())) else {
            self.left += 1;
            return;
        };
        group.operations.add(spot.reach);
        if group.finding.places.len() < MOST_PLACES {
            group.finding.places.push(place);
        } else {
            group.left += 1;
        }
    }

    fn group(&mut self, shape: String) -> Option<&mut Group> {
        let known = self.by_shape.get(&shape).copied();
        let index = match known {
            Some(index) => index,
            None if self.groups.len() >= MOST_FINDINGS => return None,
            None => {
                let finding = Finding::new(&self.check.flaw, shape.clone());
                let operations = Operations::default();
                self.groups.push(Group { finding, operations, left: 0 });
                self.by_shape.insert(shape, self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        self.groups.get_mut(index)
    }

    fn place(&self, spot: &Spot<'_>) -> Place {
        let one = match spot.reach {
            Reach::One(number) => Some(number),
            Reach::Many([number]) => Some(*number),
            _ => None,
        };
        let operation = one.and_then(|number| self.api.operations.get(number as usize));
        let file = self.api.files.list.get(spot.at.file);
        Place {
            operation: operation.map(crate::api::Operation::label),
            file: file.map(|file| file.name.clone()).unwrap_or_default(),
            pointer: spot.at.pointer.clone(),
            line: 0,
            detail: spot.detail.clone(),
        }
    }

    pub(super) fn enter(self, findings: &mut Vec<Finding>, incomplete: &mut Vec<Incomplete>) {
        let all = self.api.operations.len();
        let mut left = self.left;
        for group in self.groups {
            left += group.left;
            let mut finding = group.finding;
            finding.reach = group.operations.count(all);
            findings.push(finding);
        }
        if left > 0 {
            incomplete.push(Incomplete {
                check: self.check.flaw.id.to_owned(),
                code: GapCode::TooLarge,
                detail: format!("{left} more places were found and are not listed"),
            });
        }
    }
}

impl Operations {
    fn add(&mut self, reach: Reach<'_>) {
        match reach {
            Reach::Everything => self.everything = true,
            Reach::Nothing => {}
            Reach::One(number) => self.set(number),
            Reach::Many(list) => {
                // The fields of one shape share its list.
                if self.added.insert((list.as_ptr() as usize, list.len())) {
                    list.iter().for_each(|number| self.set(*number));
                }
            }
        }
    }

    fn set(&mut self, number: u32) {
        let (word, bit) = ((number / 64) as usize, number % 64);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    fn count(&self, all: usize) -> u32 {
        match self.everything {
            true => u32::try_from(all).unwrap_or(u32::MAX),
            false => self.bits.iter().map(|word| word.count_ones()).sum(),
        }
    }
}

/// A name out of a document as a report shows it: of one line, and not endless.
fn cut(text: String) -> String {
    let text: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Fills in the lines of all places, in one pass over each file.
pub(super) fn lines(files: &Files, findings: &mut [Finding]) {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in findings.iter().flat_map(|finding| &finding.places) {
        wanted.entry(place.file.clone()).or_default().push(place.pointer.clone());
    }
    let mut known = BTreeMap::new();
    for (name, mut pointers) in wanted {
        let Some(file) = files.list.iter().find(|file| file.name == name) else { continue };
        pointers.sort_unstable();
        pointers.dedup();
        known.insert(name, Lines::find(file, pointers.iter().map(String::as_str)));
    }
    for place in findings.iter_mut().flat_map(|finding| &mut finding.places) {
        place.line = known.get(&place.file).map_or(0, |lines| lines.of(&place.pointer));
    }
}
