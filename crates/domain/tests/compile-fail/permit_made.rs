//! Only `admit` makes a permit.
use domain::admission::{Call, Permit};

fn forge(call: Call, like: Permit) -> Permit {
    Permit { call, ..like }
}

fn main() {}
