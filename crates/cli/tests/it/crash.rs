//! Crashes: kill -9 under load, again and again. Nothing acknowledged is lost, nothing is half there,
//! nothing happens twice.
//!
//! `PORTCULLIS_CRASH_ROUNDS` says how often (100), `PORTCULLIS_CRASH_SEED` repeats a run's moments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::server::{Server, Site, verify};

const ROUNDS: u64 = 100;
/// How many clients send at once.
const CLIENTS: u64 = 6;
/// A round is over after at most so many acknowledged answers.
const MOST: u64 = 10;
/// And at most so long after the last of them.
const LATER: Duration = Duration::from_millis(4);
/// How many entries are read at once.
const PAGE: u64 = 500;

/// What a client knows of a vendor that it sent, under an idempotency key of the same name.
#[derive(Debug)]
enum Sent {
    Acknowledged {
        name: String,
        id: String,
    },
    /// The server was killed before it answered.
    Unanswered {
        name: String,
    },
}

#[test]
fn kill_9_under_load_loses_nothing_acknowledged_and_does_nothing_twice() {
    let rounds = setting("PORTCULLIS_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = setting("PORTCULLIS_CRASH_SEED").unwrap_or_else(clock);
    println!("{rounds} rounds, PORTCULLIS_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = Site::new();
    let mut server = site.start();
    let genesis = server.genesis.clone();
    site.operator(&server);
    let mut caller = Caller::new(&site);
    let mut unanswered = 0;
    for round in 0..rounds {
        let (enough, later) = (random.below(MOST + 1), random.up_to(LATER));
        let sent = runtime.block_on(caller.load(round, server, enough, later));
        unanswered += sent.iter().filter(|s| matches!(s, Sent::Unanswered { .. })).count();
        server = site.start();
        caller.url.clone_from(&server.url);
        runtime.block_on(caller.check(round, sent));
    }
    runtime.block_on(caller.names());
    server.stop();
    runtime.block_on(caller.nothing_half_there(&site));
    let (code, said) = verify(&site.data(), &genesis);
    assert_eq!(code, 0, "{said}");
    let (vendors, untold) = (caller.names.len(), caller.untold);
    println!("{vendors} vendors; {unanswered} sent again, of which {untold} were there already");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_nanos(self.below(u64::try_from(longest.as_nanos()).unwrap()))
    }
}

/// Everybody who sends, and what they have been promised.
struct Caller {
    client: Client,
    session: String,
    url: String,
    /// Every vendor that must be there, by its name; none may be there twice.
    names: BTreeMap<String, Option<String>>,
    /// The first entry that was not looked at yet.
    next: u64,
    /// The vendors in the entries so far.
    found: BTreeSet<String>,
    /// How many that nobody had been told of were there already.
    untold: u64,
}

impl Caller {
    fn new(site: &Site) -> Caller {
        let session = std::fs::read(site.config().join("session.json")).unwrap();
        let session: Value = serde_json::from_slice(&session).unwrap();
        let text = |field: &str| session[field].as_str().unwrap().to_owned();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Caller {
            client,
            session: text("session"),
            url: text("url"),
            names: BTreeMap::new(),
            next: 0,
            found: BTreeSet::new(),
            untold: 0,
        }
    }

    /// Sends from many clients and kills the server once `enough` were acknowledged, and `later`.
    async fn load(&self, round: u64, server: Server, enough: u64, later: Duration) -> Vec<Sent> {
        let (sender, mut acknowledged) = unbounded_channel();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let from = format!("{round}-{client}");
            clients.spawn(send_until_killed(self.desk(), from, sender.clone()));
        }
        drop(sender);
        for _ in 0..enough {
            assert!(acknowledged.recv().await.is_some(), "every client gave up: round {round}");
        }
        // Not a wait for anything: it only moves the moment into the middle of what comes next.
        let moment = Instant::now() + later;
        tokio::task::spawn_blocking(move || {
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
            server.kill();
        })
        .await
        .unwrap();
        clients.join_all().await.into_iter().flatten().collect()
    }

    fn desk(&self) -> Desk {
        let Caller { client, session, url, .. } = self;
        Desk { client: client.clone(), session: session.clone(), url: url.clone() }
    }

    /// After the restart: what was acknowledged is there; what was not is sent again, under its key.
    async fn check(&mut self, round: u64, sent: Vec<Sent>) {
        self.read_on().await;
        let desk = self.desk();
        for sent in sent {
            let (name, id) = match sent {
                Sent::Acknowledged { name, id } => {
                    assert!(self.found.contains(&id), "round {round}: {name} is lost");
                    (name, Some(id))
                }
                Sent::Unanswered { name } => {
                    let (status, body) = desk.add(&name).await.unwrap();
                    assert!(status.is_success(), "round {round}: {name} again: {status} {body}");
                    self.untold += u64::from(status == StatusCode::OK);
                    (name, None)
                }
            };
            self.names.insert(name, id);
        }
        self.read_on().await;
    }

    /// Reads the entries that came since.
    async fn read_on(&mut self) {
        let desk = self.desk();
        loop {
            let path = format!("/v1/ledger/entries?from={}&count={PAGE}", self.next);
            let page = desk.get(&path).await;
            let entries = page.as_array().unwrap();
            for entry in entries {
                assert_eq!(entry["position"], self.next);
                self.next += 1;
                if entry["kind"] == "vendor-added" {
                    let id = entry["entry"]["body"]["vendor-added"]["vendor"].as_str().unwrap();
                    assert!(self.found.insert(id.to_owned()), "{id} stands there twice");
                }
            }
            if (entries.len() as u64) < PAGE {
                return;
            }
        }
    }

    /// Every name once, under the id that was acknowledged; no other.
    async fn names(&self) {
        let vendors = self.desk().get("/v1/vendors").await;
        let mut there = BTreeMap::new();
        for vendor in vendors.as_array().unwrap() {
            let text = |field: &str| vendor[field].as_str().unwrap().to_owned();
            let before = there.insert(text("name"), text("id"));
            assert_eq!(before, None, "{} happened twice", vendor["name"]);
        }
        assert_eq!(there.keys().collect::<Vec<_>>(), self.names.keys().collect::<Vec<_>>());
        for (name, id) in &self.names {
            assert!(id.as_ref().is_none_or(|id| there[name] == *id), "{name} is another one");
        }
    }

    /// No paper without its entry: one is the operator's, the others are the vendors'.
    async fn nothing_half_there(&self, site: &Site) {
        let url = format!("sqlite://{}", site.data().join("portcullis.db").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql);
        let papers = count("SELECT COUNT(*) FROM papers").fetch_one(&mut database).await.unwrap();
        assert_eq!(papers, self.names.len() as i64 + 1);
        let open = count("SELECT COUNT(*) FROM answers WHERE status IS NULL");
        assert_eq!(open.fetch_one(&mut database).await.unwrap(), 0, "requests at work for ever");
        database.close().await.unwrap();
    }
}

/// One vendor after the other, until there is no answer.
async fn send_until_killed(
    desk: Desk,
    from: String,
    acknowledged: UnboundedSender<()>,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    for number in 0.. {
        let name = format!("vendor-{from}-{number}");
        match desk.add(&name).await {
            Ok((StatusCode::CREATED, body)) => {
                let id = body["id"].as_str().unwrap().to_owned();
                sent.push(Sent::Acknowledged { name, id });
                let _ = acknowledged.send(());
            }
            Ok((status, body)) => panic!("{name}: {status} {body}"),
            Err(_) => {
                sent.push(Sent::Unanswered { name });
                break;
            }
        }
    }
    sent
}

/// A client with a session.
struct Desk {
    client: Client,
    session: String,
    url: String,
}

impl Desk {
    /// Adds a vendor; the key of the request is the vendor's name.
    async fn add(&self, name: &str) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/v1/vendors", self.url));
        let request = request.bearer_auth(&self.session).header("idempotency-key", name);
        let response = request.json(&json!({ "name": name, "contact": "" })).send().await?;
        Ok((response.status(), response.json().await?))
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.session);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}
