//! The trie against a model that is too simple to be wrong, and where it could go wrong.

use std::collections::{BTreeSet, HashMap, HashSet};

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, prop_assert_eq, proptest};

use super::edge::{Edge, Place, STRIDE};
use super::edge_table::Target;
use super::{Change, MAX_LABEL, ROOT, SubscriptionTrie};

const NOTHING: Change = Change { for_key: false, for_topic: false };
const FOR_KEY: Change = Change { for_key: true, for_topic: false };
const FOR_TOPIC: Change = Change { for_key: true, for_topic: true };

fn matches<K: Copy + Ord + std::hash::Hash>(
    trie: &mut SubscriptionTrie<K>,
    topic: &[u8],
) -> Vec<K> {
    let mut keys = Vec::new();
    trie.matches(topic, &mut keys);
    keys.sort_unstable();
    keys
}

#[test]
fn subscription_matches_topic_prefix() {
    let mut trie = SubscriptionTrie::new();
    for topic in ["", "a", "ab", "abcdefgh", "abcdefgi", "b"] {
        assert_eq!(trie.subscribe(topic.as_bytes(), topic), FOR_TOPIC);
    }
    assert_eq!(matches(&mut trie, b""), [""]);
    assert_eq!(matches(&mut trie, b"abc"), ["", "a", "ab"]);
    assert_eq!(matches(&mut trie, b"abcdefgh.."), ["", "a", "ab", "abcdefgh"]);
    assert_eq!(matches(&mut trie, b"c"), [""]);
}

#[test]
fn subscriber_with_many_topics_matches_once() {
    let mut trie = SubscriptionTrie::new();
    assert_eq!(trie.subscribe(b"a", 1), FOR_TOPIC);
    assert_eq!(trie.subscribe(b"a", 1), NOTHING);
    assert_eq!(trie.subscribe(b"a", 2), FOR_KEY);
    assert_eq!(trie.subscribe(b"ab", 1), FOR_TOPIC);
    assert_eq!(trie.subscribe(b"", 1), FOR_TOPIC);
    assert_eq!(matches(&mut trie, b"abc"), [1, 2]);
    assert_eq!(trie.cancel(b"a", 1), FOR_KEY);
    assert_eq!(trie.cancel(b"a", 1), NOTHING);
    assert_eq!(trie.cancel(b"abc", 2), NOTHING);
    assert_eq!(trie.cancel(b"a", 3), NOTHING);
    assert_eq!(trie.cancel(b"a", 2), FOR_TOPIC);
    assert_eq!((matches(&mut trie, b"abc"), trie.len()), (vec![1], 2));
}

#[test]
fn deep_topics_do_not_recurse() {
    let deep: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut trie = SubscriptionTrie::new();
    for topic in [&deep[..], &deep[..777_777], b"\x00", b""] {
        assert_eq!(trie.subscribe(topic, 1), FOR_TOPIC);
    }
    assert!(trie.nodes.len() > deep.len() / MAX_LABEL);
    check_structure(&trie);
    assert_eq!(trie.subscribe(&deep, 2), FOR_KEY);
    assert_eq!(matches(&mut trie, &deep), [1, 2]);
    assert!(trie.topics_of(2).eq([deep.clone()]));
    let mut last = 0;
    while trie.remove_some(1, false, |_| last += 1) {}
    assert_eq!((last, trie.cancel(&deep, 2)), (3, FOR_TOPIC));
    assert!(trie.is_empty() && trie.nodes.len() == 1);
}

#[test]
fn removed_subscribers_leave_no_nodes() {
    let mut trie = SubscriptionTrie::new();
    trie.subscribe(b"stays", 0);
    for key in 1..100_u32 {
        for topic in 0..100_u32 {
            trie.subscribe(&(topic * key).to_be_bytes(), key);
        }
        while trie.remove_some(key, false, |_| {}) {}
    }
    check_structure(&trie);
    assert!(trie.nodes.len() < 300 && trie.subscribers.len() == 2 && trie.by_key.len() == 1);
}

/// Every node is free or at the end of an edge, and none is there without a reason.
fn check_structure<K: Copy + Eq + std::hash::Hash>(trie: &SubscriptionTrie<K>) {
    let mut children: HashMap<u32, Vec<Edge>> = HashMap::new();
    let mut reached = HashSet::from([ROOT]);
    for (edge, target) in trie.edges.iter() {
        children.entry(edge.parent()).or_default().push(edge);
        match target {
            Target::Alone(subscriber) => {
                let places = &trie.subscribers[subscriber as usize].places;
                assert!(places.contains_key(&Place::edge(edge)));
            }
            Target::Node(index) => {
                assert!(reached.insert(index), "node {index} has two parents");
                let node = &trie.nodes[index as usize];
                assert_eq!(Edge::new(node.parent, node.label.as_slice()), edge);
                assert!(node.label.as_slice().len() <= MAX_LABEL);
            }
        }
    }
    for &index in &reached {
        let node = &trie.nodes[index as usize];
        let children = children.remove(&index).unwrap_or_default();
        let needed = index == ROOT || !node.keys.as_slice().is_empty() || !children.is_empty();
        assert!(needed, "node {index} is for nothing");
        let strides = node.label.as_slice().len().is_multiple_of(STRIDE);
        assert!(strides || children.is_empty(), "node {index} has children at no stride");
        let lengths: BTreeSet<usize> = children.iter().map(Edge::len).collect();
        assert!(node.lengths.up_to(STRIDE).eq(lengths));
        let only = (children.len() == 1).then(|| children[0]);
        assert_eq!(node.only_child(index), only);
    }
    assert!(children.is_empty(), "edges from nodes that are not there");
    assert_eq!(reached.len() + trie.free_nodes.len(), trie.nodes.len());
    assert_eq!(trie.by_key.len() + trie.free_subscribers.len(), trie.subscribers.len());
}

#[derive(Debug, Clone)]
enum Request {
    Subscribe(Vec<u8>, u8),
    Cancel(Vec<u8>, u8),
    Remove(u8),
    Match(Vec<u8>),
}

fn request() -> impl Strategy<Value = Request> {
    // Mostly one byte, so that topics share long beginnings.
    let byte = prop_oneof![12 => Just(b'a'), 1 => Just(b'b'), 1 => Just(0), 1 => any::<u8>()];
    let short = collection::vec(byte.clone(), 0..14);
    let (topic, key) = (prop_oneof![short, collection::vec(byte, 0..60)], 0..4_u8);
    prop_oneof![
        4 => (topic.clone(), key.clone()).prop_map(|(topic, key)| Request::Subscribe(topic, key)),
        4 => (topic.clone(), key.clone()).prop_map(|(topic, key)| Request::Cancel(topic, key)),
        1 => key.prop_map(Request::Remove),
        2 => topic.prop_map(Request::Match),
    ]
}

/// Each subscriber's topics.
#[derive(Default)]
struct Model(HashMap<u8, BTreeSet<Vec<u8>>>);

impl Model {
    fn has_topic(&self, topic: &[u8]) -> bool {
        self.0.values().any(|topics| topics.contains(topic))
    }

    fn subscribe(&mut self, topic: &[u8], key: u8) -> Change {
        let had = self.has_topic(topic);
        let for_key = self.0.entry(key).or_default().insert(topic.to_vec());
        Change { for_key, for_topic: for_key && !had }
    }

    fn cancel(&mut self, topic: &[u8], key: u8) -> Change {
        let for_key = self.0.entry(key).or_default().remove(topic);
        Change { for_key, for_topic: for_key && !self.has_topic(topic) }
    }

    fn remove(&mut self, key: u8) -> BTreeSet<Vec<u8>> {
        let mut topics = self.0.remove(&key).unwrap_or_default();
        topics.retain(|topic| !self.has_topic(topic));
        topics
    }

    fn matches(&self, topic: &[u8]) -> Vec<u8> {
        let matched = |topics: &BTreeSet<Vec<u8>>| topics.iter().any(|own| topic.starts_with(own));
        let mut keys: Vec<u8> =
            self.0.keys().copied().filter(|key| matched(&self.0[key])).collect();
        keys.sort_unstable();
        keys
    }
}

proptest! {
    #[test]
    fn subscription_trie_matches_the_model(requests in collection::vec(request(), 0..200)) {
        let (mut trie, mut model) = (SubscriptionTrie::new(), Model::default());
        for request in requests {
            match request {
                Request::Subscribe(topic, key) => {
                    prop_assert_eq!(trie.subscribe(&topic, key), model.subscribe(&topic, key));
                }
                Request::Cancel(topic, key) => {
                    prop_assert_eq!(trie.cancel(&topic, key), model.cancel(&topic, key));
                }
                Request::Remove(key) => {
                    let mut last = BTreeSet::new();
                    while trie.remove_some(key, false, |topic| assert!(last.insert(topic.to_vec()))) {}
                    prop_assert_eq!(last, model.remove(key));
                }
                Request::Match(topic) => {
                    prop_assert_eq!(matches(&mut trie, &topic), model.matches(&topic));
                }
            }
            check_structure(&trie);
        }
        let topics: HashSet<_> = model.0.values().flatten().collect();
        prop_assert_eq!((trie.len(), trie.is_empty()), (topics.len(), topics.is_empty()));
        for (&key, topics) in &model.0 {
            prop_assert_eq!(&trie.topics_of(key).collect::<BTreeSet<_>>(), topics);
        }
    }
}
