//! Compares a trie of subscriptions with a list of them.

use std::collections::BTreeSet;

use zeromq_async::fuzzing::Subscriptions;

use crate::input::Input;

/// Any subscribers and topics in any order.
pub fn trie(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut trie = Subscriptions::new();
    let mut model: BTreeSet<(Vec<u8>, u8)> = BTreeSet::new();
    while !input.is_empty() {
        let deed = input.byte();
        let subscriber = deed >> 2 & 7;
        match deed & 3 {
            0 => {
                let topic = topic(&mut input);
                let is_first = !model.iter().any(|(known, _)| *known == topic);
                let is_new = model.insert((topic.clone(), subscriber));
                assert_eq!(trie.subscribe(&topic, subscriber), (is_new, is_new && is_first));
            }
            1 => {
                let topic = topic(&mut input);
                let was = model.remove(&(topic.clone(), subscriber));
                let was_last = was && !model.iter().any(|(known, _)| *known == topic);
                assert_eq!(trie.cancel(&topic, subscriber), (was, was_last));
            }
            2 if deed & 0x20 == 0 => {
                let mut removed = trie.remove(subscriber);
                removed.sort();
                let (gone, kept) = model.into_iter().partition(|(_, who)| *who == subscriber);
                model = kept;
                let gone: BTreeSet<(Vec<u8>, u8)> = gone;
                let alone = |topic: &Vec<u8>| !model.iter().any(|(known, _)| known == topic);
                assert_eq!(
                    removed,
                    gone.into_iter().map(|(topic, _)| topic).filter(alone).collect::<Vec<_>>()
                );
            }
            _ => {
                let topic = topic(&mut input);
                let mut matches = trie.matches(&topic);
                matches.sort_unstable();
                let expected: BTreeSet<u8> = model
                    .iter()
                    .filter(|(prefix, _)| topic.starts_with(prefix))
                    .map(|(_, who)| *who)
                    .collect();
                assert_eq!(matches, expected.into_iter().collect::<Vec<_>>());
            }
        }
        let topics: BTreeSet<_> = model.iter().map(|(topic, _)| topic).collect();
        assert_eq!(trie.topics(), topics.len());
    }
}

/// Topics with common prefixes, from few distinct bytes.
fn topic(input: &mut Input<'_>) -> Vec<u8> {
    input.slice().iter().map(|byte| b'a' + byte % 3).collect()
}
