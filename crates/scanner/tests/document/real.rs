//! Where the real documents lie.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scanner::Report;
use scanner::api::Files;
use scanner::document::{Options, audit};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The bytes of a document of an npm package, by its path there.
pub fn bytes(name: &str) -> Vec<u8> {
    let path = root().join(".cache/vendors/node_modules").join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `make test-setup` installs it", path.display())
    })
}

/// Judges one document that stands alone.
pub fn judge(name: &str, bytes: Vec<u8>) -> (Result<Report, String>, Duration) {
    let clock = Instant::now();
    let files = Files::read(name, bytes, &|_| Err("not followed".to_owned()));
    let report = files.map_err(|error| error.to_string()).and_then(|files| {
        audit(&files, name, &Options::default(), 0).map_err(|error| error.to_string())
    });
    (report, clock.elapsed())
}

/// Does something with each, on all processors; the answers come in the order of the questions.
pub fn each<Q: Sync, A: Send>(questions: &[Q], answer: impl Fn(&Q) -> A + Sync) -> Vec<A> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let answers = std::sync::Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(question) = questions.get(index) else { break };
                    let found = answer(question);
                    answers.lock().unwrap().push((index, found));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap();
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
