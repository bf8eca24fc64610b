//! Every weakness is real, has its own switch, and is not in the hardened twin.

use proving::{Switches, Weakness};

use crate::attempts::succeeds;
use crate::bench::Bench;

#[tokio::test]
async fn the_hardened_twin_refuses_every_attempt() {
    for attempt in Weakness::ALL {
        let bench = Bench::hardened().await;
        assert!(!succeeds(*attempt, &bench).await, "{attempt}");
        bench.vendor.stop().await;
    }
}

#[tokio::test]
async fn the_weak_twin_allows_every_attempt() {
    for attempt in Weakness::ALL {
        let bench = Bench::with(Switches::weak()).await;
        assert!(succeeds(*attempt, &bench).await, "{attempt}");
        bench.vendor.stop().await;
    }
}

/// The whole matrix: with one switch on, its own attempt succeeds and no other does. The others
/// share a vendor, because what fails leaves it as it was; but one of them needs a limit that is
/// soon used up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_switch_opens_its_own_weakness_and_no_other() {
    for switch in Weakness::ALL {
        let switches = Switches::hardened().with(*switch);
        let shared = Bench::limited(switches.clone(), 10_000).await;
        for attempt in Weakness::ALL {
            let alone = attempt == switch || *attempt == Weakness::NoRateLimit;
            let own = if alone { Some(Bench::with(switches.clone()).await) } else { None };
            let allowed = succeeds(*attempt, own.as_ref().unwrap_or(&shared)).await;
            assert_eq!(allowed, switch == attempt, "{attempt} with only {switch}");
        }
    }
}
