//! The table against a map, with fair seeds and with the worst.

use std::collections::HashMap;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, option, prop_assert, prop_assert_eq, proptest};

use super::{Edge, EdgeTable, SLOTS, Target};

/// Few, so that they come again.
fn edge() -> impl Strategy<Value = Edge> {
    let label = collection::vec(prop_oneof![Just(0_u8), 1..4_u8, any::<u8>()], 1..10);
    (0..3_u32, label).prop_map(|(parent, label)| Edge::new(parent, &label))
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![(0..9_u32).prop_map(Target::Node), (0..9_u32).prop_map(Target::Alone)]
}

/// With seeds of nothing, all edges have the same bucket.
fn tables() -> impl Strategy<Value = EdgeTable> {
    prop_oneof![Just([0; 4]), any::<[u64; 4]>()].prop_map(EdgeTable::seeded)
}

proptest! {
    #[test]
    fn edges_match_a_hash_map(
        mut edges in tables(),
        changes in collection::vec((edge(), option::of(target())), 0..200),
    ) {
        let mut map = HashMap::new();
        for (edge, target) in changes {
            match target {
                Some(target) => {
                    edges.set(edge, target);
                    map.insert(edge, target);
                }
                None => {
                    edges.unset(&edge);
                    map.remove(&edge);
                }
            }
            prop_assert_eq!(edges.get(&edge), map.get(&edge).copied());
        }
        for (edge, target) in &map {
            prop_assert_eq!(edges.get(edge), Some(*target));
        }
        prop_assert_eq!(edges.iter().collect::<HashMap<_, _>>(), map.clone());
        map.keys().for_each(|edge| edges.unset(edge));
        prop_assert!(edges.passed_by.iter().all(|&count| count == 0), "looks go on for nothing");
    }
}

#[test]
fn regular_edges_mostly_hit_home_bucket() {
    for step in [1, 256, 0x0001_0001_0001_0001, 1 << 33, 0x0A00_0000_0000] {
        let mut edges = EdgeTable::new();
        let all: Vec<Edge> =
            (0..100_000_u64).map(|n| Edge::from_bits(0, n.wrapping_mul(step), true)).collect();
        all.iter().for_each(|&edge| edges.set(edge, Target::Node(0)));
        let at_home = |edge: &&Edge| edges.find(edge).is_some_and(|(at, _)| at == edges.home(edge));
        let share = all.iter().filter(at_home).count() as f64 / all.len() as f64;
        assert!(share > 0.6, "{share} of the multiples of {step}");
    }
}

#[test]
fn colliding_edges_can_be_removed() {
    let mut edges = EdgeTable::seeded([0; 4]);
    let all: Vec<Edge> = (0..300 * SLOTS as u64).map(|n| Edge::from_bits(0, n, true)).collect();
    all.iter().for_each(|&edge| edges.set(edge, Target::Alone(1)));
    // More have passed by the first bucket than it can count.
    assert_eq!(edges.passed_by[0], u8::MAX);
    let (gone, kept) = all.split_at(all.len() - 1);
    gone.iter().for_each(|edge| edges.unset(edge));
    assert!(gone.iter().all(|edge| edges.get(edge).is_none()));
    assert_eq!(edges.get(&kept[0]), Some(Target::Alone(1)));
}
