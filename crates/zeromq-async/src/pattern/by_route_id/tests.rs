use super::*;
use crate::endpoint::Endpoint;
use crate::options::PipeOptions;
use crate::pipe::{Pattern, PeerSet};

fn peers() -> impl Iterator<Item = PeerHandle> {
    let (set, pattern): (_, Arc<dyn Pattern>) = (PeerSet::new(None), Arc::new(()));
    let endpoint = Arc::new(Endpoint::Inproc("peers".into()));
    std::iter::repeat_with(move || {
        PeerHandle::new(set.open(&PipeOptions::default(), &pattern, endpoint.clone()))
    })
}

fn table_from(next: u32) -> RouteTable {
    RouteTable(Mutex::new(State { next: Wrapping(next), by_id: HashMap::new() }))
}

fn id_of(peer: &PeerHandle) -> u32 {
    RouteId::from_label(&peer.routing_id()).expect("an id").get()
}

/// After four thousand million peers the ids begin anew, without 0 and the taken ones.
#[test]
fn ids_skip_zero_and_taken_ones() {
    let table = table_from(u32::MAX);
    let peers: Vec<_> = peers().take(5).collect();
    for peer in &peers[..3] {
        table.join(peer).unwrap();
    }
    assert_eq!(peers[..3].iter().map(id_of).collect::<Vec<_>>(), [u32::MAX, 1, 2]);
    table.leave(&peers[1]);
    table.0.lock().next = Wrapping(u32::MAX);
    for peer in &peers[3..] {
        table.join(peer).unwrap();
    }
    // 2 is taken, and 1 is free again.
    assert_eq!(peers[3..].iter().map(id_of).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(table.find(RouteId::new(2).unwrap()), Some(peers[2].clone()));
    assert_eq!(table.find(RouteId::new(4).unwrap()), None);
}

/// A peer that leaves takes no id away from another.
#[test]
fn id_of_a_gone_peer_may_belong_to_another() {
    let table = table_from(7);
    let mut peers = peers();
    let (one, other) = (peers.next().unwrap(), peers.next().unwrap());
    table.join(&one).unwrap();
    table.disconnected(&one);
    table.0.lock().next = Wrapping(7);
    table.join(&other).unwrap();
    assert_eq!((id_of(&one), id_of(&other)), (7, 7));
    table.leave(&one);
    assert_eq!(table.find(RouteId::new(7).unwrap()), Some(other));
}
