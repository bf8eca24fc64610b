//! The stories: the real binary, a fresh server each, everything that it starts ended by it.

mod house;
mod server;
mod story;
