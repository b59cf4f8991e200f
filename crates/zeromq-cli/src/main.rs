//! The zmq command.
fn main() {}
