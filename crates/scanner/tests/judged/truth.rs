//! What is true of the services (`tests/services/truth.json`), and what a report says beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use scanner::report::{Finding, Severity};
use scanner::{CheckId, Report, live};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where the services stand, from the root of the repository.
pub const SERVICES: &str = "tests/services";

#[derive(Deserialize)]
pub struct Flaw {
    pub code: String,
    pub class: String,
    #[serde(default)]
    pub operations: Vec<String>,
    /// Other flaws without which this one cannot be seen from outside.
    #[serde(default)]
    needs: Vec<String>,
    /// Classes that are as true of the same place.
    #[serde(default)]
    also: Vec<String>,
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
    folder: String,
    pub services: BTreeMap<String, Service>,
    /// The flaws of the scanner that say what a class says.
    says: BTreeMap<String, BTreeSet<String>>,
    /// Flaws of the scanner that nobody judges here.
    unjudged: BTreeSet<String>,
}

/// How a report compares with the truth.
#[derive(Default)]
pub struct Tally {
    /// Of each class: how many flaws are there, and how many of them were found.
    pub classes: BTreeMap<String, (usize, usize)>,
    pub reported: usize,
    pub missed: Vec<String>,
    pub wrong: Vec<String>,
}

impl Truth {
    /// Reads `truth.json` of a folder, and `classes.tsv`: a class, a tab, the flaws that say it, with
    /// commas.
    pub fn read(folder: &str) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(format!("{folder}/truth.json"))?;
        let written: Written = serde_json::from_str(&text)?;
        let mut says: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in std::fs::read_to_string(format!("{SERVICES}/classes.tsv"))?.lines() {
            if let Some((class, flaws)) = line.split_once('\t') {
                let flaws = flaws.split(',').map(|one| one.trim().to_owned());
                says.entry(class.to_owned()).or_default().extend(flaws);
            }
        }
        let unjudged = says.remove("unjudged").unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), services: written.services, says, unjudged })
    }

    pub fn compare(
        &self,
        service: &Service,
        flaws: &str,
        report: &Report,
        checks: &[CheckId],
    ) -> Tally {
        let on: Vec<_> = service.on(flaws).collect();
        let mut tally = Tally::default();
        self.recall(service, &on, report, checks, &mut tally);
        self.precision(service, &on, report, &mut tally);
        tally
    }

    fn recall(
        &self,
        service: &Service,
        on: &[&Flaw],
        report: &Report,
        checks: &[CheckId],
        tally: &mut Tally,
    ) {
        let asked = self.asked(checks);
        let every = checks.len() == CheckId::ALL.len();
        let is_on = |code: &String| on.iter().any(|flaw| flaw.code == *code);
        for flaw in on.iter().filter(|flaw| flaw.needs.iter().all(is_on)) {
            let says = self.says.get(&flaw.class);
            if !every && says.is_none_or(|says| says.is_disjoint(&asked)) {
                continue;
            }
            let told = |one: &Finding| {
                flaw.names().any(|class| self.says(class, one)) && service.meets(flaw, one)
            };
            let (there, found) = tally.classes.entry(flaw.class.clone()).or_default();
            *there += 1;
            if report.findings.iter().any(told) {
                *found += 1;
            } else {
                tally.missed.push(flaw.line());
            }
        }
    }

    fn precision(&self, service: &Service, on: &[&Flaw], report: &Report, tally: &mut Tally) {
        for one in report.findings.iter().filter(|one| one.severity > Severity::Info) {
            let at = || on.iter().filter(|flaw| service.meets(flaw, one));
            let as_true = |flaw: &&&Flaw| flaw.also.iter().any(|class| self.says(class, one));
            if at().any(|flaw| self.says(&flaw.class, one)) {
                tally.reported += 1;
            } else if !self.unjudged.contains(&one.flaw) && !at().any(|flaw| as_true(&flaw)) {
                tally.reported += 1;
                let places = one.places.iter().filter_map(|place| place.operation.clone());
                let places: Vec<_> = places.take(4).collect();
                tally.wrong.push(format!("{} [{}] {}", one.flaw, one.shape, places.join(", ")));
            }
        }
    }

    /// True if a finding is of a class.
    fn says(&self, class: &str, finding: &Finding) -> bool {
        self.says.get(class).is_some_and(|says| says.contains(&finding.flaw))
    }

    /// What a scan of a service that answers at `url` is ordered to do; `alone` without a credential.
    pub fn order(
        &self,
        service: &Service,
        url: &str,
        checks: &[CheckId],
        alone: bool,
    ) -> Result<Value, Box<dyn Error>> {
        let path = format!("{}/{}", self.folder, service.document);
        let files = scanner::api::Files::read(&path, std::fs::read(&path)?, &|_| Err("no".into()))?;
        let document = files.list.into_iter().next().map(|file| file.root).unwrap_or_default();
        Ok(json!({
            "nonce": "judge", "target": url, "reach": "loopback", "document": document,
            "checks": checks.iter().map(|check| check.code()).collect::<Vec<_>>(),
            "credentials": if alone { json!({}) } else { service.credentials() },
            "bounds": {"max_requests": 20_000, "per_second": 400, "seconds": 420, "max_answer_bytes": 1_048_576},
        }))
    }

    fn asked(&self, checks: &[CheckId]) -> BTreeSet<String> {
        let flaws = checks.iter().flat_map(|id| live::check(*id).flaws.iter());
        flaws.map(|flaw| flaw.id.to_owned()).collect()
    }
}

/// Classes that say the same of one place in other words: who may not, may.
const AUTHORISATION: [&str; 5] = [
    "authentication-removed",
    "function-authorisation",
    "object-read",
    "object-change",
    "object-delete",
];

impl Flaw {
    /// The classes under which it may be reported.
    fn names(&self) -> impl Iterator<Item = &str> {
        let authorisation = |class: &str| AUTHORISATION.contains(&class);
        let both = authorisation(&self.class);
        let also = self.also.iter().map(String::as_str);
        let also = also.filter(move |class| both && authorisation(class));
        [self.class.as_str()].into_iter().chain(also)
    }

    fn line(&self) -> String {
        format!("{} ({}): {}", self.code, self.class, self.operations.join(", "))
    }
}

impl Service {
    fn on<'s>(&'s self, flaws: &'s str) -> impl Iterator<Item = &'s Flaw> {
        let named = move |flaw: &&Flaw| match flaws {
            "none" => false,
            "all" => true,
            codes => codes.split(',').any(|code| code == flaw.code),
        };
        self.flaws.iter().chain(&self.beyond).filter(named)
    }

    /// True if a finding is at an operation of the flaw, or at none in particular. Where tokens are
    /// read wrongly, any operation shows it.
    fn meets(&self, flaw: &Flaw, finding: &Finding) -> bool {
        if flaw.class.starts_with("jwt-") {
            return true;
        }
        let places: Vec<_> =
            finding.places.iter().filter_map(|place| place.operation.as_deref()).collect();
        let met = |told: &String| places.iter().any(|place| self.covers(told, place));
        places.is_empty() || flaw.operations.is_empty() || flaw.operations.iter().any(met)
    }

    /// True if `told`, an operation of the truth, is that of a finding. `*` is every operation at a
    /// path or below.
    fn covers(&self, told: &str, place: &str) -> bool {
        let (method, path) = self.whole(told);
        let (place_method, place_path) = self.whole(place);
        if method != "*" {
            return (method, path) == (place_method, place_path);
        }
        let below = place_path.strip_prefix(path.trim_end_matches('/'));
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }

    /// The method, and the path with the base path and without a query.
    fn whole<'t>(&self, operation: &'t str) -> (&'t str, String) {
        let (method, path) = operation.split_once(' ').unwrap_or(("*", operation));
        let path = path.split('?').next().unwrap_or_default();
        let base = self.base_path.as_str();
        let full = if path.starts_with(base) { path.to_owned() } else { format!("{base}{path}") };
        (method, full)
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
        for (class, (there, found)) in other.classes {
            let sum = self.classes.entry(class).or_default();
            *sum = (sum.0 + there, sum.1 + found);
        }
        self.reported += other.reported;
        self.missed.extend(other.missed);
        self.wrong.extend(other.wrong);
    }

    pub fn line(&self) -> String {
        let there: usize = self.classes.values().map(|(there, _)| there).sum();
        let right = self.reported - self.wrong.len();
        format!("recall {}/{there}, precision {right}/{}", there - self.missed.len(), self.reported)
    }
}
