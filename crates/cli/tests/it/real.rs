//! Real input: APIs that nobody here wrote, procured with the real binary's verbs and called through the
//! gateway. `make test-setup` installs them; `tests/vendors/README.md` says what each does.

mod caller;
mod controls;
mod github;
mod httpbin;
mod team;
mod vendor;
