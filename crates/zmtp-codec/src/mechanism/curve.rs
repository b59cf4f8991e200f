//! CURVE: authentication and encryption with elliptic-curve keys (25/ZMTP-CURVE, 26/CURVEZMQ).
//!
//! ```text
//! client: C, c                                              server: S, s
//!   | -- HELLO     | C' | Box[zeros](C'->S) | -------------------> |
//!   | <- WELCOME   | Box[S' + cookie](S->C') | ------------------- | forgets C' and s'
//!   | -- INITIATE  | cookie | Box[C + vouch + metadata](C'->S') -> | reads them from the cookie
//!   |                                                              | decision about C
//!   | <- READY     | Box[metadata](S'->C') | --------------------- |
//!   | <= MESSAGE   | Box[flags + frame](C'<->S') | ==============> |
//!
//! cookie = SecretBox[C' + s'](K)     vouch = Box[C' + S](C->S')
//! ```
//!
//! Upper-case keys are public, lower-case keys secret. Keys with a prime are made for one connection
//! and discarded with it, so that recorded traffic stays secret if `s` or `c` leaks later.
//!
//! The cookie key `K` is made for each connection; 26/CURVEZMQ has one for all. So an INITIATE
//! opens only on the connection of the WELCOME that it answers, and a replayed connection ends
//! after HELLO.

mod boxes;
mod client;
mod cookie;
mod keystream;
mod nonce;
mod record;
mod salsa20;
mod server;
mod vouch;

pub use client::CurveClient;
pub use server::CurveServer;
