//! The tamper matrix: each damage, by each of three powers, shown to a start, a gateway and the verifier.

mod cases;
mod forged;
mod parties;
mod tables;
mod written;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::signature::Seen;

use crate::server::Site;
use forged::{Forged, Power, tip};
use parties::{Heard, Said};
use tables::Tables;
use written::{Written, block_on};

/// What all three answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// No, by this rule, naming the entry.
    No(&'static str),
    /// Nothing in it says that there was ever more. The node's watermark says so, unless it was
    /// rewritten; so do whoever saw more: the gateway forwards nothing, `--seen` refuses.
    Backwards,
    /// It keeps every rule and is another history: whoever saw the first refuses it as a fork.
    Fork,
    /// The ledger is believed. The snapshot beside it is refused, by that rule, naming the entry: by a
    /// start, once it has read every entry, and by the verifier. A gateway never sees one.
    Cache,
    /// It is believed.
    Yes,
}

use Answer::{Backwards, Cache, Fork, No, Yes};

struct Row {
    damage: &'static str,
    forge: fn(&Written) -> Forged<'_>,
    /// With the database's rows; with the whole tree, without a key; with the node's key.
    answers: [Answer; 3],
}

/// The same answer to every power.
const fn never(damage: &'static str, forge: fn(&Written) -> Forged<'_>, rule: &'static str) -> Row {
    Row { damage, forge, answers: [No(rule), No(rule), No(rule)] }
}

const fn row(damage: &'static str, forge: fn(&Written) -> Forged<'_>, answers: [Answer; 3]) -> Row {
    Row { damage, forge, answers }
}

/// What only the node's key makes possible: ARCHITECTURE and SECURITY say the same.
const ONLY_WITH_THE_KEY: [Answer; 3] = [No("attestation"), No("attestation"), Yes];

const MATRIX: [Row; 36] = [
    never("a grant without its decision", cases::grant_without_decision, "wrong-status"),
    never(
        "a review that policy wants, decided as a grant",
        cases::review_decided_as_grant,
        "decision-differs",
    ),
    never("an approval without signatures", cases::approval_without_signatures, "reviews-missing"),
    never(
        "an approval with one signature of two",
        cases::approval_with_one_of_two,
        "reviews-missing",
    ),
    never("a review by another's key", cases::review_by_anothers_key, "role-needed"),
    never(
        "a review by another's key in the reviewer's name",
        cases::review_in_the_reviewers_name,
        "signature-invalid",
    ),
    never(
        "a signature from another ticket",
        cases::signature_from_another_ticket,
        "signature-invalid",
    ),
    never(
        "a signature from another round",
        cases::signature_from_another_round,
        "signature-invalid",
    ),
    never("a signature counted twice", cases::signature_counted_twice, "signature-used"),
    never(
        "a rejection turned into an approval",
        cases::rejection_turned_around,
        "signature-invalid",
    ),
    never("an extended approval", cases::longer_approval, "fuse-broken"),
    never("an extended grant", cases::longer_grant, "fuse-broken"),
    never("an extended token", cases::longer_token, "fuse-broken"),
    never("an extended token after a rotation", cases::longer_rotated_token, "fuse-broken"),
    never("an extended request", cases::longer_request, "signature-invalid"),
    never("a widened policy", cases::wider_policy, "signature-invalid"),
    never("a widened policy that nobody signed", cases::wider_policy_unsigned, "signature-needed"),
    never(
        "a widened policy under the digest of the signed one",
        cases::policy_under_anothers_digest,
        "material-missing",
    ),
    never("a reviewer's role added to somebody", cases::reviewer_role_added, "signature-invalid"),
    never("a reviewer whom nobody signed for", cases::reviewer_unsigned, "signature-needed"),
    never(
        "a reviewer by the signature for another act",
        cases::reviewer_by_another_acts_signature,
        "signature-overtaken",
    ),
    never("another genesis", cases::other_genesis, "genesis"),
    row(
        "a redirected upstream",
        cases::redirected_upstream,
        [No("attestation"), No("attestation"), No("signature-invalid")],
    ),
    row(
        "two entries reordered",
        cases::reordered,
        [No("attestation"), No("attestation"), No("signature-invalid")],
    ),
    never("a review in front of its submission", cases::reviewed_before_submitted, "wrong-status"),
    row("a deleted entry", cases::deleted, [No("gap"), No("attestation"), No("signature-invalid")]),
    row(
        "a deleted rejection",
        cases::deleted_rejection,
        [No("gap"), No("attestation"), No("signature-invalid")],
    ),
    row(
        "a token's secret replaced",
        cases::stolen_token,
        [No("attestation"), No("attestation"), No("signature-invalid")],
    ),
    row("something in a snapshot's place", cases::written_snapshot, [Cache, Cache, Cache]),
    row("an edited snapshot", cases::edited_snapshot, [Cache, Cache, Cache]),
    row("yesterday's database copied back", cases::yesterday, [Backwards, Backwards, Backwards]),
    row(
        "a revocation replaced",
        cases::another_revocation,
        [No("attestation"), No("attestation"), Fork],
    ),
    row(
        "asks, in somebody's name, for what policy grants alone",
        cases::asks_in_the_requesters_name,
        ONLY_WITH_THE_KEY,
    ),
    row("rotates a token under an existing grant", cases::rotates_under_a_grant, ONLY_WITH_THE_KEY),
    row("stores another credential", cases::stores_another_credential, ONLY_WITH_THE_KEY),
    row("denies service", cases::denies_service, ONLY_WITH_THE_KEY),
];

/// Rows are independent and mostly wait for processes.
const AT_ONCE: usize = 4;

#[test]
fn every_damage_is_refused_by_all_and_named_or_is_what_the_node_key_can_do() {
    let written = Written::new();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(row) = MATRIX.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = try_row(&written, row);
            wrong.lock().unwrap().extend(found);
        }
    };
    std::thread::scope(|scope| {
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(work)));
    });
    let wrong: Vec<String> = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Everything that did not go as the row says.
fn try_row(written: &Written, row: &Row) -> Vec<String> {
    let [rows, tree, key] = row.answers;
    let tries = [
        (Power::Rows, rows),
        (Power::TreeAsAttested, tree),
        (Power::TreeSignedByAnother, tree),
        (Power::NodeKey, key),
    ];
    let mut wrong = Vec::new();
    // Where the rules refuse the entry itself, nobody comes to look at the attestation.
    let by_rule = matches!(tree, No(rule) if rule != "attestation");
    let tries = tries.into_iter().filter(|(power, _)| !by_rule || *power != Power::TreeAsAttested);
    for (power, answer) in tries {
        let forged = (row.forge)(written);
        let case = Case::plant(&forged, power, answer);
        let complaints = case.judge().into_iter();
        wrong.extend(complaints.map(|why| format!("{} / {power:?}: {why}", row.damage)));
    }
    wrong
}

/// One damaged copy.
struct Case<'a> {
    forged: &'a Forged<'a>,
    power: Power,
    answer: Answer,
    tables: Tables,
    site: Site,
    /// The same, with the snapshot that the honest node left when it stopped.
    resumed: Option<Site>,
}

impl<'a> Case<'a> {
    fn plant(forged: &'a Forged<'a>, power: Power, answer: Answer) -> Case<'a> {
        let tables = forged.tables(power);
        let site = forged.written.copy();
        let mut resumed = None;
        match &forged.file {
            Some(file) if power == Power::Rows => {
                std::fs::copy(file, site.data().join("portcullis.db")).unwrap();
            }
            _ => {
                write(&site, &tables, power);
                let snapshot = forged.written.tables.snapshot.clone();
                assert!(snapshot.is_some(), "the honest node left one");
                let with = Tables { snapshot, ..tables.clone() };
                // A tree that another key signed is refused as one that the node's own did not sign.
                let asked = answer != Cache && matches!(power, Power::Rows | Power::NodeKey);
                let there = asked.then(|| forged.written.copy());
                resumed = there.inspect(|site| write(site, &with, power));
            }
        }
        Case { forged, power, answer, tables, site, resumed }
    }

    fn judge(&self) -> Vec<String> {
        let written = self.forged.written;
        let seen = tip(&written.tables);
        let gateway = block_on(parties::gateway(&self.site, written, &self.tables));
        let verifier = |seen| parties::verifier(&self.site, written, seen);
        let alone = verifier(None);
        let start = match self.answer {
            Cache => parties::start_and_read(&self.site),
            _ => parties::start(&self.site),
        };
        let resumed = self.resumed.as_ref().map(parties::start_and_read);
        let resumed = resumed.as_ref().unwrap_or(&start);
        let said = self.words(seen);
        let mut wrong = Wrong::default();
        match self.answer {
            No(_) => {
                wrong.unless_refused("start", &start, &said);
                wrong.unless_refused("start from a snapshot", resumed, &said);
                wrong.unless_refused("gateway", &gateway, &said);
                wrong.unless_refused("verifier", &alone, &said);
            }
            Cache => {
                wrong.unless_refused("start", &start, &said);
                wrong.unless("gateway", &gateway, Heard::Believed);
                wrong.unless_refused("verifier", &alone, &said);
            }
            Yes => {
                wrong.unless("start", &start, Heard::Believed);
                wrong.unless("start from a snapshot", resumed, Heard::Believed);
                wrong.unless("gateway", &gateway, Heard::Believed);
                wrong.unless("verifier", &alone, Heard::Believed);
                wrong.unless("verifier with --seen", &verifier(Some(seen)), Heard::Believed);
            }
            Backwards | Fork => {
                match self.power {
                    Power::NodeKey => {
                        wrong.unless("start", &start, Heard::Believed);
                        let words = ["by the rule `snapshot`: ".to_owned()];
                        wrong.unless_refused("start from a snapshot", resumed, &words);
                    }
                    _ => {
                        wrong.unless_refused("start", &start, &said);
                        wrong.unless_refused("start from a snapshot", resumed, &said);
                    }
                }
                wrong.unless("verifier", &alone, Heard::Believed);
                wrong.unless_refused("verifier with --seen", &verifier(Some(seen)), &said);
                match self.answer {
                    Fork => wrong.unless_refused("gateway", &gateway, &said),
                    _ => wrong.unless_waiting("gateway", &gateway, seen.size),
                }
            }
        }
        wrong.0
    }

    /// What a refusal says: the rule, and where it was broken.
    fn words(&self, seen: Seen) -> Vec<String> {
        let at = self.forged.named(self.power);
        match self.answer {
            No("attestation") => {
                vec![format!("up to entry {}: its attestation", self.tables.last_beside(at))]
            }
            No("gap") => vec![format!("continues at {at}")],
            No("genesis") => vec!["the genesis is".to_owned(), "pinned".to_owned()],
            No(rule) => vec![format!("entry {at}: {rule}: ")],
            Cache => vec![format!("up to entry {at} does not hold, by the rule `snapshot`")],
            Backwards => {
                vec![format!("up to entry {}", seen.size - 1), "went backwards".to_owned()]
            }
            Fork => vec![format!("at {} entries the root is", seen.size)],
            Yes => Vec::new(),
        }
    }
}

/// Puts the tables into the copy's database; whoever has the node's key rewrites its watermark too.
fn write(site: &Site, tables: &Tables, power: Power) {
    block_on(tables.write(&site.data().join("portcullis.db")));
    if power == Power::NodeKey {
        parties::set_watermark(site, tip(tables));
    }
}

/// Collected complaints.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, party: &str, (heard, said): &Said, right: Heard) {
        if *heard != right {
            self.0.push(format!("{party}: {heard:?}, not {right:?}: {said}"));
        }
    }

    /// The gateway forwards nothing, and says how much it had seen.
    fn unless_waiting(&mut self, party: &str, said: &Said, seen: u64) {
        self.unless(party, said, Heard::Waits);
        let words = format!("backwards ({seen} entries were followed before");
        if !said.1.contains(&words) {
            self.0.push(format!("{party}: not `{words}`: {}", said.1));
        }
    }

    fn unless_refused(&mut self, party: &str, (heard, said): &Said, words: &[String]) {
        if *heard != Heard::Refused || !words.iter().all(|word| said.contains(word)) {
            self.0.push(format!("{party}: {heard:?}, not {words:?}: {said}"));
        }
    }
}
