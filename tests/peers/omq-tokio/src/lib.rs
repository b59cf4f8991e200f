//! Tests of quic:// against omq-tokio.
