//! Tests of the built command in real processes.

#![expect(clippy::unwrap_used, reason = "it is how a test fails")]

mod bench;
mod bytes;
mod datagrams;
mod exchange;
mod exit;
mod format;
mod monitor;
mod one_frame;
#[cfg(unix)]
mod password;
mod proxy;
mod publish;
mod security;
mod stream;
mod support;
mod tls;
mod transfer;
mod warnings;
mod websocket;
