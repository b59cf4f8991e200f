//! No circle of files in any crate: two files that use each other are one idea in two places, or
//! two ideas with no border.

use architecture::{circles, crates, sources};

/// The circles that are still there. One that is gone leaves the list; none may join it.
const KNOWN: &[&str] = &[
    "zeromq-async: endpoint/ipc.rs, endpoint.rs, error/address.rs, error/runtime.rs, error/stream.rs",
    "zeromq-async: pattern/subscription/found.rs, pattern/subscription/paths.rs, \
     pattern/subscription.rs",
    "zeromq-async: peer/hot_pipes.rs, peer/inbound.rs, peer/ledger.rs, \
     peer/link.rs, peer/outbound/state.rs, peer/outbound.rs, peer/peer_set.rs, peer/pipe.rs, peer/ready_queue.rs, \
     peer/wakers.rs",
    "zeromq-async: socket/builder/subscribe.rs, socket/builder.rs, socket/sub.rs",
    "zeromq-util: layer/rate_limit/bucket.rs, layer/rate_limit.rs",
    "zeromq-util: service/serve/serving.rs, service/serve.rs",
];

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    for folder in crates() {
        let sources = sources(&folder);
        assert!(!sources.is_empty(), "{} has no source", folder.display());
        let name = folder.file_name().expect("a crate's folder").to_string_lossy().into_owned();
        for circle in circles(&sources) {
            found.push(format!("{name}: {}", circle.join(", ")));
        }
    }
    assert_eq!(found, KNOWN, "circles of files, and those that are known");
}
