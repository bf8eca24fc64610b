//! Coordinates and paths: the specification's examples, every refusal, and round trips.

use super::*;
use proptest::prelude::*;

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(level, index, width).unwrap()
}

#[test]
fn paths_are_those_of_the_specification() {
    for (tile, path) in [
        (tile(0, 0, 256), "tile/0/000"),
        (tile(0, 1_234, 5), "tile/0/x001/234.p/5"),
        (tile(0, 999, 255), "tile/0/999.p/255"),
        (tile(1, 1_000, 1), "tile/1/x001/000.p/1"),
        (tile(63, 1_234_067, 256), "tile/63/x001/x234/067"),
        (tile(2, u64::MAX, 256), "tile/2/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    let bundle = Bundle::new(1_234_067, 8).unwrap();
    assert_eq!(bundle.to_string(), "tile/entries/x001/x234/067.p/8");
    assert_eq!(bundle.to_string().parse(), Ok(bundle));
}

#[test]
fn another_spelling_is_refused() {
    for path in [
        "",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/+00",
        "tile/00/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/x/000",
        "tile/0/x000/001",
        "tile/0/x000/x001/000",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x001//234",
        "tile/0/X001/234",
        "tile/0/x01/234",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/05",
        "tile/0/000.p/256",
        "tile/0/000.p/+5",
        "tile/0/000.p/5/",
        "tile/0/000.p/5.p/5",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/٠٠٠",
        "tile/entries/000",
    ] {
        assert_eq!(path.parse::<Tile>(), Err(BadPath::of(path)), "{path}");
    }
    for path in ["tile/0/000", "tile/entries/0", "tile/entries/000.p/256", "entries/000"] {
        assert_eq!(path.parse::<Bundle>(), Err(BadPath::of(path)), "{path}");
    }
}

#[test]
fn coordinates_outside_the_specification_do_not_exist() {
    assert_eq!(Tile::new(64, 0, 1), None);
    assert_eq!(Tile::new(0, 0, 0), None);
    assert_eq!(Tile::new(0, 0, 257), None);
    assert_eq!(Bundle::new(0, 0), None);
    assert_eq!(Bundle::new(0, 257), None);
}

/// The specification's own example: a tree of 70,000 entries, and one of 256.
#[test]
fn a_tree_has_the_tiles_of_the_specification() {
    let tiles: Vec<Tile> = all(70_000).collect();
    let on = |level| tiles.iter().filter(move |tile| tile.level() == level);
    assert_eq!(on(0).filter(|tile| tile.is_complete()).count(), 273);
    assert_eq!(on(0).next_back(), Some(&tile(0, 273, 112)));
    assert_eq!(on(1).collect::<Vec<_>>(), [&tile(1, 0, 256), &tile(1, 1, 17)]);
    assert_eq!(on(2).collect::<Vec<_>>(), [&tile(2, 0, 1)]);
    assert_eq!(tiles.len(), 274 + 2 + 1);
    assert_eq!(edge(70_000), [tile(0, 273, 112), tile(1, 1, 17), tile(2, 0, 1)]);

    assert_eq!(all(256).collect::<Vec<_>>(), [tile(0, 0, 256), tile(1, 0, 1)]);
    assert_eq!(edge(256), [tile(1, 0, 1)]);
    assert_eq!(all(0).count() + edge(0).len(), 0);
}

#[test]
fn a_tile_is_as_wide_as_the_tree_makes_it() {
    assert_eq!(Tile::at(0, 0, 0), None);
    assert_eq!(Tile::at(0, 0, 5), Some(tile(0, 0, 5)));
    assert_eq!(Tile::at(0, 0, 300), Some(tile(0, 0, 256)));
    assert_eq!(Tile::at(0, 1, 300), Some(tile(0, 1, 44)));
    assert_eq!(Tile::at(0, 2, 300), None);
    assert_eq!(Tile::at(1, 0, 300), Some(tile(1, 0, 1)));
    assert_eq!(Tile::at(7, 0, u64::MAX), Some(tile(7, 0, 255)));
    assert_eq!(Tile::at(8, 0, u64::MAX), None);
    assert_eq!(Tile::at(0, u64::MAX, u64::MAX), None);
    assert_eq!(Bundle::at(1, 300), Bundle::new(1, 44));
}

proptest! {
    #[test]
    fn any_coordinates_round_trip(level in 0u8..=63, index: u64, width in 1u16..=256) {
        let tile = tile(level, index >> (level % 64), width);
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let bundle = Bundle::new(index, width).unwrap();
        prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
    }

    #[test]
    fn what_parses_prints_the_same(path in "tile/(0|7|63|entries)/(x?[0-9]{3}/){0,7}[x0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path.clone());
        }
        if let Ok(bundle) = path.parse::<Bundle>() {
            prop_assert_eq!(bundle.to_string(), path);
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "(tile/)?\\PC*") {
        let _ = text.parse::<Tile>();
        let _ = text.parse::<Bundle>();
    }
}
