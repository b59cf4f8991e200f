//! The bodies of the fuzz targets.
//!
//! Each target takes bytes, panics on a bug, and does not depend on a fuzzer. `tests/fuzz` runs
//! them with libFuzzer, and `tests/replay.rs` with the committed corpus. `docs/testing.md` says how
//! to run both.

mod batch;
mod connection;
mod exchange;
mod framings;
mod handshake;
mod input;
mod records;
pub mod seeds;
mod sockets;
mod text;
mod trie;
mod udp_datagrams;
mod wire;
mod zap;
mod zws;

pub use batch::batch;
pub use connection::{connection, decoder, zmtp_2};
pub use exchange::{curve_exchange, noise_exchange, null_exchange, plain_exchange};
pub use framings::framings;
pub use handshake::{
    curve_client, curve_server, noise_client, noise_server, null, plain_client, plain_server,
};
pub use records::{curve_records, noise_records};
pub use sockets::sockets;
pub use text::{addresses, certificate, endpoint, keys, lists};
pub use trie::trie;
pub use udp_datagrams::udp_datagrams;
pub use wire::{command, frame_header, greeting, metadata};
pub use zap::{zap_reply, zap_request};
pub use zws::{zws_frames, zws_upgrade};

/// All targets, with the name of their program and corpus.
pub const TARGETS: [(&str, Target); 34] = [
    ("addresses", addresses),
    ("batch", batch),
    ("certificate", certificate),
    ("command", command),
    ("connection", connection),
    ("curve_client", curve_client),
    ("curve_exchange", curve_exchange),
    ("curve_records", curve_records),
    ("curve_server", curve_server),
    ("decoder", decoder),
    ("endpoint", endpoint),
    ("frame_header", frame_header),
    ("framings", framings),
    ("greeting", greeting),
    ("keys", keys),
    ("lists", lists),
    ("metadata", metadata),
    ("noise_client", noise_client),
    ("noise_exchange", noise_exchange),
    ("noise_records", noise_records),
    ("noise_server", noise_server),
    ("null", null),
    ("null_exchange", null_exchange),
    ("plain_client", plain_client),
    ("plain_exchange", plain_exchange),
    ("plain_server", plain_server),
    ("sockets", sockets),
    ("trie", trie),
    ("udp_datagrams", udp_datagrams),
    ("zap_reply", zap_reply),
    ("zap_request", zap_request),
    ("zmtp_2", zmtp_2),
    ("zws_frames", zws_frames),
    ("zws_upgrade", zws_upgrade),
];

/// Takes bytes and panics on a bug.
pub type Target = fn(&[u8]);
