//! Ends connections to peers, over inproc and over transports.

use std::sync::Arc;

use super::core::SocketCore;
use super::endpoints::Dialed;
use super::inproc;
use super::linger::{after_linger, close_within_linger};
use crate::endpoint::Endpoint;
use crate::pipe::Pipe;

/// Ends the connection to one peer after its queue is written, however long that takes.
pub(super) fn hang_up(core: &SocketCore, pipe: &Arc<Pipe>) {
    if !inproc::part(core, pipe) {
        pipe.close();
    }
}

/// Ends the connection to a peer that was replaced or dismissed: receives nothing more from it, and
/// writes its queue within the linger time.
pub(super) fn dismiss(core: &Arc<SocketCore>, pipe: &Arc<Pipe>) {
    pipe.silence();
    if !inproc::part(core, pipe) {
        close_within_linger(core, pipe);
    }
}

/// Ends a connected endpoint, after its queue is written within the linger time.
pub(super) fn disconnect(core: &Arc<SocketCore>, dialed: Dialed) {
    match dialed.pipe.get() {
        Some(pipe) => {
            let ending = core.clone();
            // Closes the pipe first: new messages go to other peers, or it would never be empty.
            after_linger(core, &pipe, move || give_up(&ending, &dialed));
        }
        None => give_up(core, &dialed),
    }
}

/// Ends a connected endpoint now. A connection still writes its queue.
pub(super) fn give_up(core: &SocketCore, dialed: &Dialed) {
    dialed.stop.cancel();
    let Some(pipe) = dialed.pipe.get() else { return };
    match &dialed.endpoint {
        endpoint @ Endpoint::Inproc(_) => inproc::disconnect(core, endpoint, &pipe),
        _ => pipe.close(),
    }
}
