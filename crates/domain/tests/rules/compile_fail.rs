//! What must not compile: a step, a permit, a draft or a state from anywhere but the one door.

#[test]
fn the_one_door_has_no_windows() {
    trybuild::TestCases::new().compile_fail("tests/compile-fail/*.rs");
}
