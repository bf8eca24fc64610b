//! Only `admit` makes a permit.
//~ error[E0451]: fields `call`
use domain::admission::{Call, Permit};

pub fn forge(call: Call, like: Permit) -> Permit {
    Permit { call, ..like }
}
