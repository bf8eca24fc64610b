//! What must not compile: a step, a permit, a draft or a state from anywhere but the one door.
//!
//! Each file of `tests/compile-fail` is given to the compiler with the `domain` that these tests use.
//! Its lines beginning with `//~` are what the compiler must say; a file that says nothing of the kind,
//! or compiles, fails the test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use domain::admission::Permit;
use domain::state::State;
use domain::step::Step;

/// Compiles only as long as the type does not have the trait: with it, `some` would be ambiguous.
macro_rules! lacks {
    ($type:ty: $($bound:tt)+) => {{
        trait Ambiguous<A> {
            fn some() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $($bound)+> Ambiguous<u8> for T {}
        let _ = <$type as Ambiguous<_>>::some;
    }};
}

#[test]
fn steps_and_permits_are_not_copied_and_states_are_not_read() {
    lacks!(Step: Clone);
    lacks!(Permit: Clone);
    lacks!(State: serde::de::DeserializeOwned);
}

#[test]
fn the_one_door_has_no_windows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile-fail");
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    cases.sort();
    let library = library();
    let honest = compile(&library, &cases[0].with_file_name("compiles.rs"));
    assert_eq!(honest, Ok(()), "the honest case shows that the others fail for their own reason");
    assert!(cases.len() > 5);
    for case in cases.iter().filter(|case| !case.ends_with("compiles.rs")) {
        let text = std::fs::read_to_string(case).unwrap();
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        let said = compile(&library, case).expect_err(&format!("{} compiles", case.display()));
        assert!(!expected.is_empty(), "{} says what it expects", case.display());
        for line in &expected {
            assert!(said.contains(line), "{} lacks `{line}`:\n{said}", case.display());
        }
        let errors = said.lines().filter(|line| line.starts_with("error[")).count();
        assert_eq!(errors, expected.len(), "{} fails for nothing else:\n{said}", case.display());
    }
}

/// The newest build of this crate's library: cargo made it just before these tests.
fn library() -> PathBuf {
    let built = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("libdomain-") && name.ends_with(".rlib")
    };
    let age = |path: &PathBuf| {
        path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files.filter(built).max_by_key(age).expect("the library beside the tests")
}

fn folder() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// Type-checks the file, or what the compiler says against it.
fn compile(library: &Path, case: &Path) -> Result<(), String> {
    let out = std::env::temp_dir().join(format!("compile-fail-{}", std::process::id()));
    std::fs::create_dir_all(&out).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "-Awarnings"])
        .arg(format!("-Ldependency={}", folder().display()))
        .arg(format!("--extern=domain={}", library.display()))
        .arg("--out-dir")
        .arg(&out)
        .arg(case)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&out).unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
