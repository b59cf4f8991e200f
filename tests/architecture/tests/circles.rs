//! No circle of files in any crate. Two files that use each other are one idea in two places, or two
//! ideas without a border.

use architecture::{circles, crates, sources};

/// The remaining circles. Remove a line when its circle is gone, and add none.
const KNOWN: &[&str] = &[
    "zeromq-async: endpoint/ipc.rs, endpoint.rs, error/address.rs, error/runtime.rs, \
     error/stream.rs",
    "zeromq-async: pattern/subscription_trie/found.rs, pattern/subscription_trie/paths.rs, \
     pattern/subscription_trie.rs",
    "zeromq-async: peer/hot_pipes.rs, peer/inbound.rs, peer/ledger.rs, peer/link.rs, \
     peer/outbound/state.rs, peer/outbound.rs, peer/peer_set.rs, peer/pipe.rs, \
     peer/ready_queue.rs, peer/wakers.rs",
    "zeromq-async: socket/builder.rs, socket/dealer.rs, socket/kind.rs, socket/receiver.rs, \
     socket/req.rs, socket/router.rs, socket/sender.rs",
    "zeromq-auth: certificate/error.rs, from_file/error.rs, from_file/stamp.rs, from_file.rs, \
     passwords/hash.rs, passwords/users.rs, passwords/verifier.rs, passwords.rs, text_file.rs",
    "zeromq-auth: certificate/keys.rs, certificate/text.rs",
    "zeromq-cli: console.rs, exit.rs",
    "zeromq-cli: security/key.rs, security.rs",
    "zeromq-test: relay/line.rs, relay.rs",
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
    assert_eq!(found, KNOWN, "the circles of files, and the known ones");
}
