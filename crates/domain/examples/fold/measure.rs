//! CPU time and memory of this process, as Linux counts them.

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that this thread has used since; other processes' work does not count.
pub struct Stopwatch(u64);

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch(nanoseconds())
    }

    pub fn seconds(&self) -> f64 {
        (nanoseconds() - self.0) as f64 / 1e9
    }
}

fn nanoseconds() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Resident memory in bytes: the second number of `statm`, in pages of 4,096 bytes.
pub fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// A cost that occurred so many times.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cost {
    pub count: usize,
    pub seconds: f64,
}

impl Cost {
    pub fn add(&mut self, watch: &Stopwatch) {
        self.count += 1;
        self.seconds += watch.seconds();
    }
}

/// One line of the table: what was measured, and what it should at least or at most be.
pub fn row(what: &str, figure: &str, goal: &str) {
    println!("  {what:<44} {figure:>22}   {goal}");
}

/// A whole number with commas.
pub fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether the goal is met, behind the goal.
pub fn against(goal: &str, met: bool) -> String {
    format!("{goal:<14} {}", if met { "met" } else { "MISSED" })
}
