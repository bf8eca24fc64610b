//! What is true of the services (`tests/services/truth.json`), and what a report says beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use scanner::report::{Finding, Severity};
use scanner::{CheckId, Report, live};
use serde::Deserialize;
use serde_json::{Value, json};

const FOLDER: &str = "tests/services";

#[derive(Deserialize)]
pub struct Flaw {
    pub code: String,
    pub class: String,
    #[serde(default)]
    pub operations: Vec<String>,
}

#[derive(Deserialize)]
pub struct Service {
    pub command: Vec<String>,
    pub document: String,
    #[serde(default)]
    pub base_path: String,
    #[serde(default)]
    pub credentials: BTreeMap<String, Value>,
    pub flaws: Vec<Flaw>,
    #[serde(default)]
    pub beyond: Vec<Flaw>,
}

#[derive(Deserialize)]
struct Written {
    services: BTreeMap<String, Service>,
}

pub struct Truth {
    pub services: BTreeMap<String, Service>,
    /// The flaws of the scanner that say what a class says.
    says: BTreeMap<String, BTreeSet<String>>,
    /// Flaws of the scanner that nobody judges here.
    unjudged: BTreeSet<String>,
}

/// How a report compares with the truth.
#[derive(Default)]
pub struct Tally {
    found: usize,
    there: usize,
    reported: usize,
    pub missed: Vec<String>,
    pub wrong: Vec<String>,
}

impl Truth {
    /// Reads `truth.json`, and `classes.tsv`: a class, a tab, the flaws that say it, with commas.
    pub fn read() -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(format!("{FOLDER}/truth.json"))?;
        let written: Written = serde_json::from_str(&text)?;
        let mut says: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in std::fs::read_to_string(format!("{FOLDER}/classes.tsv"))?.lines() {
            if let Some((class, flaws)) = line.split_once('\t') {
                let flaws = flaws.split(',').map(|one| one.trim().to_owned());
                says.entry(class.to_owned()).or_default().extend(flaws);
            }
        }
        let unjudged = says.remove("unjudged").unwrap_or_default();
        Ok(Self { services: written.services, says, unjudged })
    }

    pub fn compare(
        &self,
        service: &Service,
        flaws: &str,
        report: &Report,
        checks: &[CheckId],
    ) -> Tally {
        let mut tally = Tally::default();
        let on: Vec<_> = service.on(flaws).collect();
        let asked = self.asked(checks);
        for flaw in &on {
            let says = self.says.get(&flaw.class).cloned().unwrap_or_default();
            if says.is_disjoint(&asked) && !(says.is_empty() && checks.len() == CheckId::ALL.len())
            {
                continue;
            }
            tally.there += 1;
            let told = |one: &&Finding| says.contains(&one.flaw) && service.meets(flaw, one);
            match report.findings.iter().find(told) {
                Some(_) => tally.found += 1,
                None => tally.missed.push(format!(
                    "{} ({}): {}",
                    flaw.code,
                    flaw.class,
                    flaw.operations.join(", ")
                )),
            }
        }
        for one in report.findings.iter().filter(|one| one.severity > Severity::Info) {
            if self.unjudged.contains(&one.flaw) {
                continue;
            }
            tally.reported += 1;
            let true_of = |flaw: &&&Flaw| {
                let says = self.says.get(&flaw.class);
                says.is_some_and(|says| says.contains(&one.flaw)) && service.meets(flaw, one)
            };
            if !on.iter().any(|flaw| true_of(&flaw)) {
                let places = one.places.iter().filter_map(|place| place.operation.clone());
                let places: Vec<_> = places.take(4).collect();
                tally.wrong.push(format!("{} [{}] {}", one.flaw, one.shape, places.join(", ")));
            }
        }
        tally
    }

    fn asked(&self, checks: &[CheckId]) -> BTreeSet<String> {
        let flaws = checks.iter().flat_map(|id| live::check(*id).flaws.iter());
        flaws.map(|flaw| flaw.id.to_owned()).collect()
    }
}

impl Service {
    /// The forms to start, by the word of the command line.
    pub fn forms(&self, flaws: &str) -> Vec<String> {
        match flaws {
            "each" => self.flaws.iter().map(|flaw| flaw.code.clone()).collect(),
            other => vec![other.to_owned()],
        }
    }

    fn on<'s>(&'s self, flaws: &'s str) -> impl Iterator<Item = &'s Flaw> {
        let named = move |flaw: &&Flaw| match flaws {
            "none" => false,
            "all" => true,
            codes => codes.split(',').any(|code| code == flaw.code),
        };
        self.flaws.iter().chain(&self.beyond).filter(named)
    }

    /// True if a finding is at an operation of the flaw, or at none in particular.
    fn meets(&self, flaw: &Flaw, finding: &Finding) -> bool {
        let mut places = finding.places.iter().filter_map(|place| place.operation.as_deref());
        let nowhere = finding.places.iter().all(|place| place.operation.is_none());
        let wide =
            flaw.operations.is_empty() || flaw.operations.iter().any(|one| one.contains('*'));
        nowhere
            || wide
            || places.any(|place| flaw.operations.iter().any(|one| self.same(one, place)))
    }

    fn same(&self, told: &str, place: &str) -> bool {
        let whole = |text: &str| match text.split_once(' ') {
            Some((method, path)) => {
                let base = &self.base_path;
                let full = if path.starts_with(base.as_str()) && !base.is_empty() {
                    path.to_owned()
                } else {
                    format!("{base}{path}")
                };
                format!("{method} {}", full.split('?').next().unwrap_or_default())
            }
            None => text.to_owned(),
        };
        whole(told) == whole(place)
    }

    pub fn order(
        &self,
        url: &str,
        checks: &[CheckId],
        alone: bool,
    ) -> Result<Value, Box<dyn Error>> {
        let path = format!("{FOLDER}/{}", self.document);
        let files = scanner::api::Files::read(&path, std::fs::read(&path)?, &|_| Err("no".into()))?;
        let document = files.list.into_iter().next().map(|file| file.root).unwrap_or_default();
        Ok(json!({
            "nonce": "judge", "target": url, "reach": "loopback", "document": document,
            "checks": checks.iter().map(|check| check.code()).collect::<Vec<_>>(),
            "credentials": if alone { json!({}) } else { self.credentials() },
            "bounds": {"max_requests": 20_000, "per_second": 400, "seconds": 420, "max_answer_bytes": 1_048_576},
        }))
    }

    fn credentials(&self) -> Value {
        let mut all = serde_json::Map::new();
        let mut logins = serde_json::Map::new();
        for (who, field) in [("a", "token"), ("b", "second"), ("admin", "admin")] {
            let Some(one) = self.credentials.get(who) else { continue };
            if let (Some(header), Some(value)) = (one.get("header"), one.get("value")) {
                all.insert(field.to_owned(), value.clone());
                all.insert("placement".to_owned(), json!({"in": "header", "name": header}));
                continue;
            }
            let name = ["username", "login", "email", "name"].iter().find_map(|key| one.get(*key));
            if let (Some(name), Some(password)) = (name, one.get("password")) {
                logins.insert(who.to_owned(), json!({"name": name, "password": password}));
            }
        }
        all.insert("logins".to_owned(), Value::Object(logins));
        if let Some(client) = self.credentials.get("client") {
            all.insert("oauth".to_owned(), client.clone());
        }
        Value::Object(all)
    }
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.found += other.found;
        self.there += other.there;
        self.reported += other.reported;
        self.missed.extend(other.missed);
        self.wrong.extend(other.wrong);
    }

    pub fn line(&self) -> String {
        let right = self.reported - self.wrong.len();
        format!("recall {}/{}, precision {right}/{}", self.found, self.there, self.reported)
    }
}
