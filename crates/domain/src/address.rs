//! Which addresses an upstream may have: the declared URL, and the address it resolves to.
//!
//! Both are needed. A declared host says nothing about where its name points at the moment of a
//! call, so the gateway asks `allowed` about every address before it connects (server-side request
//! forgery, DNS rebinding).

mod cidr;
mod reach;
mod special;
mod upstream;

pub use cidr::{Cidr, CidrError};
pub use reach::{Reach, Refused, allowed};
pub use special::Special;
pub use upstream::{Host, Plain, Scheme, Upstream, UpstreamError};
