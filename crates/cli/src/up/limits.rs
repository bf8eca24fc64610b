//! The gateway's bounds on its callers, as options of `portcullis up`.

use std::time::Duration;

use clap::Args;
use gateway::{Bounds, Timeouts};

/// What a caller may take of the gateway. What is not given is the gateway's own default.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Bounds of the gateway")]
pub struct Limits {
    /// Open connections of all callers [default: 8192]
    #[arg(long, env = "PORTCULLIS_CONNECTIONS", value_name = "COUNT")]
    pub connections: Option<usize>,
    /// Open connections of one address, an IPv6 /64 being one; as many as `--connections` behind a
    /// proxy [default: 1024]
    #[arg(long, env = "PORTCULLIS_CONNECTIONS_PER_ADDRESS", value_name = "COUNT")]
    pub connections_per_address: Option<usize>,
    /// Seconds in which the head of a request must be there [default: 10]
    #[arg(long, env = "PORTCULLIS_HEAD_TIMEOUT", value_name = "SECONDS")]
    pub head_timeout: Option<u64>,
    /// Seconds for which an unused connection is kept [default: 60]
    #[arg(long, env = "PORTCULLIS_KEEP_ALIVE", value_name = "SECONDS")]
    pub keep_alive: Option<u64>,
    /// The longest silence in the middle of a call, in seconds [default: 60]
    #[arg(long, env = "PORTCULLIS_IDLE_TIMEOUT", value_name = "SECONDS")]
    pub idle_timeout: Option<u64>,
    /// Bytes a second that a body of a known length must arrive with after half a minute; 0 for any
    /// [default: 1024]
    #[arg(long, env = "PORTCULLIS_BODY_RATE", value_name = "BYTES")]
    pub body_rate: Option<u64>,
}

impl Limits {
    pub fn bounds(&self) -> Bounds {
        let default = Bounds::default();
        Bounds {
            connections: self.connections.unwrap_or(default.connections),
            connections_of_address: self
                .connections_per_address
                .unwrap_or(default.connections_of_address),
            body_rate: self.body_rate.unwrap_or(default.body_rate),
            ..default
        }
    }

    pub fn timeouts(&self) -> Timeouts {
        let default = Timeouts::default();
        let or = |seconds: Option<u64>, other| seconds.map_or(other, Duration::from_secs);
        Timeouts {
            head: or(self.head_timeout, default.head),
            keep_alive: or(self.keep_alive, default.keep_alive),
            idle: or(self.idle_timeout, default.idle),
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The help names the gateway's defaults; they must not drift apart.
    #[test]
    fn what_the_help_calls_default_is() {
        let (bounds, timeouts) = (Limits::default().bounds(), Limits::default().timeouts());
        assert_eq!((bounds.connections, bounds.connections_of_address), (8192, 1024));
        assert_eq!((bounds.body_rate, bounds.body_grace), (1024, Duration::from_secs(30)));
        let seconds =
            [timeouts.head, timeouts.keep_alive, timeouts.idle].map(|span| span.as_secs());
        assert_eq!(seconds, [10, 60, 60]);
    }

    #[test]
    fn what_is_given_counts() {
        let limits = Limits { head_timeout: Some(3), connections: Some(9), ..Limits::default() };
        assert_eq!(limits.timeouts().head, Duration::from_secs(3));
        assert_eq!(limits.bounds().connections, 9);
    }
}
