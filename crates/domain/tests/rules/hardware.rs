//! Hardware keys count only with user presence; every strong kind of key counts, and no weak one.

use domain::authority::{Act, Authority};
use domain::entry::Body;
use domain::genesis::SettingsSet;
use domain::people::KeyAdded;
use domain::refusal::Code;
use domain::signature::PublicKey;
use domain::statement::Statement;
use domain::testing::{Cast, HardwareKey, World};
use domain::time::Span;

use crate::refused;

#[test]
fn a_touch_is_needed_and_enough() {
    for (flags, counts) in [(0, false), (1, true), (4, false), (5, true), (0xfe, false)] {
        let mut world = World::new();
        let Cast { ann, .. } = world.cast();
        let key = HardwareKey::new(60);
        world.act(Act::KeyAdded(KeyAdded { key: key.public(), person: ann.id })).unwrap();
        let act = Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span(5_000) });
        let (seen, not_after) = (world.state().seen().unwrap(), world.now.after(Span::HOUR));
        let statement = Statement::for_act(world.state(), &act, ann.id, seen, not_after);
        let signature = key.sign(statement.as_bytes(), flags, seen, not_after);
        let body = Body::Authority(Authority { act, signatures: vec![signature] }.into());
        match counts {
            true => _ = world.by(&ann, body).unwrap(),
            false => refused(world.by(&ann, body), Code::UserPresence),
        }
    }
}

#[test]
fn weak_keys_are_refused_with_what_to_use() {
    let weak = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBC0w7U7HyqLpTVx\
                pa1rTHZ6jo0jhdWVKhLxBc3W8ZUzmhJoyJzMTwS1x1jzWgoQYvV93Fv4Yyc4PF3R7G1MRKzVJ9iNqvxJxPWz0yR\
                3iNlfrHuM0xP5vJ+Fak3QGmcLIcA==";
    assert!(PublicKey::from_openssh(weak).is_err());
    assert!(PublicKey::from_openssh("ssh-dss AAAAB3NzaC1kc3MAAACBAP==").is_err());
    assert!(PublicKey::from_openssh("hello").is_err());
}
