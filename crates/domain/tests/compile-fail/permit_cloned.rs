//! A permit is for one call.
use domain::admission::Permit;

fn copy(permit: &Permit) -> Permit {
    permit.clone()
}

fn main() {}
