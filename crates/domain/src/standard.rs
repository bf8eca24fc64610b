//! Standards: versioned files of measurable criteria under checkpoints, and who must review.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::evidence::Value;
use crate::material::Materials;
use crate::people::{Role, is_name};
use crate::refusal::{Code, Reasons, Refusal};
use crate::review::Quorum;
use crate::state::{State, Tables};
use crate::time::{Millis, Span};

/// The material: what a vendor's API must show. Fields are declared in canonical order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    pub checkpoints: Vec<Checkpoint>,
    pub name: String,
    /// A service is reassessed at the latest this long after its approval.
    pub reassess_after: Span,
    /// Who signs an approval; never the requester.
    pub reviews: Quorum,
    /// How many different people at least, whatever the roles.
    pub signers: u8,
    pub title: String,
    #[serde(deserialize_with = "crate::number::whole")]
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub criteria: Vec<Criterion>,
    pub id: String,
    pub title: String,
}

/// One measurement and what it must give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// What a vendor or team can do when it fails.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
    pub id: String,
    /// The name of the measured value.
    pub measure: String,
    /// What it stands in the way of until it passes.
    #[serde(default)]
    pub stage: Stage,
    /// Missing only in a file that is then refused with a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    pub title: String,
    /// How long evidence counts from the moment it was measured or issued.
    pub valid_for: Span,
    pub verify: Verify,
    /// Applies only to services that touch one of these; to all when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub when: BTreeSet<DataClass>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Needed for approval.
    #[default]
    Approval,
    /// Needed for the release beyond the canary.
    Wide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    Health,
    Payment,
    Personal,
    Proprietary,
}

/// How a criterion is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// Somebody with this role signs the value.
    Attestation(Role),
    /// A dated document of this kind, handed in and read by the reviewers.
    Document(String),
    /// This check of the scanner, run by an enrolled runner against the sandbox.
    Probe(String),
}

/// What the measured value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    AtLeast(#[serde(deserialize_with = "crate::number::signed")] i64),
    AtMost(#[serde(deserialize_with = "crate::number::signed")] i64),
    Is(bool),
    OneOf(BTreeSet<String>),
}

impl Threshold {
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Threshold::AtLeast(bound), Value::Number(number)) => number >= bound,
            (Threshold::AtMost(bound), Value::Number(number)) => number <= bound,
            (Threshold::Is(wanted), Value::Flag(flag)) => wanted == flag,
            (Threshold::OneOf(words), Value::Word(word)) => words.contains(word),
            _ => false,
        }
    }
}

impl Threshold {
    /// Whether the new value reaches the threshold and is no worse than the old one.
    pub fn is_renewed(&self, old: &Value, new: &Value) -> bool {
        let no_worse = match (self, old, new) {
            (Threshold::AtLeast(_), Value::Number(old), Value::Number(new)) => new >= old,
            (Threshold::AtMost(_), Value::Number(old), Value::Number(new)) => new <= old,
            (_, old, new) => new == old,
        };
        self.holds(new) && no_worse
    }
}

impl std::fmt::Display for Threshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Threshold::AtLeast(bound) => write!(f, "at least {bound}"),
            Threshold::AtMost(bound) => write!(f, "at most {bound}"),
            Threshold::Is(wanted) => write!(f, "{wanted}"),
            Threshold::OneOf(words) => {
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                write!(f, "one of {}", words.join(", "))
            }
        }
    }
}

/// A standard comes into use for tickets opened from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardPublished {
    pub name: String,
    pub standard: Digest,
    #[serde(deserialize_with = "crate::number::whole")]
    pub version: u64,
}

/// A published standard, as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub digest: Digest,
    pub version: u64,
}

/// Words that sound like a criterion and measure nothing.
const VAGUE: [&str; 14] = [
    "adequate",
    "appropriate",
    "best practice",
    "good",
    "industry standard",
    "modern",
    "proper",
    "reasonable",
    "regular",
    "robust",
    "secure enough",
    "strong",
    "sufficient",
    "timely",
];

impl Standard {
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.checkpoints.iter().flat_map(|checkpoint| &checkpoint.criteria)
    }

    pub fn criterion(&self, id: &str) -> Option<&Criterion> {
        self.criteria().find(|criterion| criterion.id == id)
    }

    /// Refuses whatever could not be measured, each time with a hint how it could.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut reasons = Reasons::default();
        let invalid = |message: &str| Refusal::new(Code::Invalid, message);
        reasons.take(is_name(&self.name).then_some(()).ok_or_else(|| {
            invalid("the standard's `name` is 1 to 60 of a-z, 0-9, `-`, `_` and `.`")
        }));
        let year_and_a_bit = Span::DAY..=Span::days(400);
        reasons.require(year_and_a_bit.contains(&self.reassess_after), Code::Invalid, || {
            format!("`reassess_after` is from 1d to 400d, not {}", self.reassess_after)
        });
        reasons.take(self.reviews.check());
        reasons.require(self.signers >= 1, Code::Invalid, || {
            "`signers` is at least 1: human review is never removed".to_owned()
        });
        reasons.require(self.criteria().next().is_some(), Code::Invalid, || {
            "a standard has criteria".to_owned()
        });
        let mut seen = BTreeSet::new();
        for criterion in self.criteria() {
            reasons.require(seen.insert(&criterion.id), Code::Invalid, || {
                format!("criterion `{}` stands twice", criterion.id)
            });
            reasons.take(criterion.check());
        }
        reasons.done()
    }
}

impl Criterion {
    pub fn applies(&self, data: &BTreeSet<DataClass>) -> bool {
        self.when.is_empty() || !self.when.is_disjoint(data)
    }

    /// When evidence measured or issued at `at` stops counting.
    pub fn valid_until(&self, at: Millis) -> Millis {
        at.after(self.valid_for)
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut reasons = Reasons::default();
        let id = &self.id;
        reasons.require(is_name(id) && is_name(&self.measure), Code::Invalid, || {
            format!("criterion `{id}`: `id` and `measure` are of a-z, 0-9, `-`, `_` and `.`")
        });
        reasons.require(self.threshold.is_some(), Code::NotMeasurable, || {
            format!(
                "criterion `{id}` has no threshold: say what `{}` must be, for instance \
                 `threshold: {{at-least: 12}}`, `{{at-most: 90}}`, `{{is: true}}` or \
                 `{{one-of: [iso-27001, soc-2]}}`",
                self.measure
            )
        });
        let title = self.title.to_lowercase();
        for word in VAGUE.iter().filter(|word| title.contains(*word)) {
            reasons.add(
                Code::NotMeasurable,
                format!(
                    "criterion `{id}` says `{word}`, which nobody can measure: put the number, \
                     the version or the name that decides in its place"
                ),
            );
        }
        let validity = Span::HOUR..=Span::days(800);
        reasons.require(validity.contains(&self.valid_for), Code::NotMeasurable, || {
            format!("criterion `{id}`: `valid_for` is from 1h to 800d, not {}", self.valid_for)
        });
        reasons.done()
    }
}

pub(crate) fn check_published(
    state: &State,
    published: &StandardPublished,
    materials: &Materials,
) -> Result<(), Refusal> {
    let standard = materials.standard(&published.standard)?;
    let mut reasons = Reasons::default();
    reasons.take(standard.check());
    reasons.require(
        standard.name == published.name && standard.version == published.version,
        Code::Invalid,
        || "the entry's name and version are not the standard's".to_owned(),
    );
    let newest = state.standards.get(&published.name).map_or(0, |old| old.version);
    reasons.require(published.version > newest, Code::Exists, || {
        format!("`{}` is at version {newest}; publish a higher one", published.name)
    });
    reasons.done()
}

impl Tables {
    pub(crate) fn absorb_standard(&mut self, act: &StandardPublished) {
        let published = Published { digest: act.standard, version: act.version };
        self.standards.insert(act.name.clone(), published.into());
    }
}

impl DataClass {
    pub fn name(self) -> &'static str {
        match self {
            DataClass::Health => "health",
            DataClass::Payment => "payment",
            DataClass::Personal => "personal",
            DataClass::Proprietary => "proprietary",
        }
    }
}
