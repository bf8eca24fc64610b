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

/// The whole matrix: with one switch on, its own attempt succeeds and no other does.
#[tokio::test]
async fn each_switch_opens_its_own_weakness_and_no_other() {
    for switch in Weakness::ALL {
        for attempt in Weakness::ALL {
            let bench = Bench::with(Switches::hardened().with(*switch)).await;
            let allowed = succeeds(*attempt, &bench).await;
            assert_eq!(allowed, switch == attempt, "{attempt} with only {switch}");
            bench.vendor.stop().await;
        }
    }
}
