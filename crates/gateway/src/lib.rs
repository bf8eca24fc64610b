//! The hot path: a gateway admits calls by the ledger it follows, injects the vendor's credential,
//! forwards, and records. No SQL, nothing that signs the ledger.
//!
//! Start reading at [`start`], then follow one call: `listener` accepts it and refuses ambiguous forms,
//! `admit` finds its token and asks the domain, `inject` swaps the token for the vendor's credential,
//! `forward` is its life on the wire, `flight` cuts it when its permit ends, `record` and `spool` write
//! it down. Beside the calls, `follow` folds the ledger, proves it fresh and signs receipts, `lease`
//! fetches credentials, `segment` and `commit` chain the record, `health` says how it all stands.

mod admit;
mod clock;
mod commit;
mod config;
mod control;
mod files;
mod flag;
mod flight;
mod follow;
mod forward;
mod gateway;
mod health;
mod inject;
mod lease;
mod limiter;
mod listener;
mod mask;
mod problem;
mod record;
mod route;
mod run;
mod segment;
mod spool;

pub use config::{Bounds, Config, Keys, Recording, Timeouts, Tls};
pub use control::{Control, ControlError, SealedLease};
pub use health::{PATH as HEALTH_PATH, Report};
pub use lease::lease_context;
pub use run::{GatewayError, Running, start};

// Only for the limit on its level: the proxy engine writes headers to `log` below info.
use log as _;
