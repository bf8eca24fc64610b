//! The stories: the real binary, a fresh server each, everything that it starts ended by it.

mod backup;
mod crash;
mod house;
mod postgres;
mod real;
mod server;
mod story;
mod tamper;
