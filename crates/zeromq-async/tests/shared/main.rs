//! Sockets of one-frame messages, used by many tasks at a time.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod many_tasks;
mod waiting;
