use std::os::unix::fs::PermissionsExt as _;

use super::*;
use domain::id::CredentialId;

fn open(directory: &tempfile::TempDir) -> KeyDirectory {
    KeyDirectory::open(&directory.path().join("keys"), None).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_is_made_once_and_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(&directory);
    assert!(matches!(keys.load(Use::Node), Err(KeyError::Missing(_))));
    let made = keys.create(Use::Node, "nod_1").unwrap();
    let read = keys.load(Use::Node).unwrap();
    assert_eq!((read.name.as_str(), &read.bytes), ("nod_1", &made.bytes));
    assert!(matches!(keys.create(Use::Node, "nod_2"), Err(KeyError::Exists(_))));
    assert_eq!(keys.load(Use::Node).unwrap().bytes, made.bytes);
    let left: Vec<_> = fs::read_dir(keys.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["node.key"], "nothing else is left behind");
}

#[test]
fn directory_and_files_are_private_from_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(&directory);
    keys.create(Use::Log, "example.com/log").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(keys.path()), 0o700);
    assert_eq!(mode(&keys.path().join("log.key")), 0o600);
}

#[test]
fn what_others_can_read_is_refused_with_the_way_out() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(&directory);
    keys.create(Use::Node, "nod_1").unwrap();
    set_mode(&keys.path().join("node.key"), 0o640);
    let refused = keys.load(Use::Node).unwrap_err().to_string();
    assert!(refused.contains("mode 640") && refused.contains("chmod 600"), "{refused}");

    set_mode(keys.path(), 0o755);
    let refused = KeyDirectory::open(keys.path(), None).unwrap_err().to_string();
    assert!(refused.contains("mode 755") && refused.contains("chmod 700"), "{refused}");
}

#[test]
fn keys_do_not_lie_in_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let refused = KeyDirectory::open(&directory.path().join("keys"), Some(directory.path()));
    assert!(matches!(refused, Err(KeyError::InsideData { .. })));
}

#[test]
fn another_use_or_a_damaged_line_is_refused_by_its_number_only() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(&directory);
    keys.create(Use::Node, "nod_1").unwrap();
    let node = keys.path().join("node.key");
    fs::copy(&node, keys.path().join("gateway.key")).unwrap();
    assert!(matches!(keys.load(Use::Gateway), Err(KeyError::Unreadable { line: 1, .. })));

    let text = fs::read_to_string(&node).unwrap();
    let secret = text.split(' ').nth(3).unwrap().trim();
    fs::write(&node, text.replace("key-v1", "key-v2")).unwrap();
    let refused = keys.load(Use::Node).unwrap_err();
    assert!(matches!(refused, KeyError::Unreadable { line: 1, .. }));
    assert!(!format!("{refused} {refused:?}").contains(secret));
}

#[test]
fn a_key_does_not_print() {
    let key = Key { name: "nod_1".into(), bytes: Zeroizing::new([42; 32]) };
    assert_eq!(format!("{key:?}"), "Key(nod_1)");
}

#[test]
fn a_new_vault_key_seals_and_the_old_one_still_opens() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(&directory);
    keys.create(Use::Vault, "1").unwrap();
    let old = keys.vault().unwrap().seal(CredentialId(1), b"a").unwrap();
    keys.add_vault_key().unwrap();
    let vault = keys.vault().unwrap();
    assert_eq!(vault.newest_key(), Some(2));
    assert_eq!(vault.open(CredentialId(1), &old).unwrap().as_slice(), b"a");
}
