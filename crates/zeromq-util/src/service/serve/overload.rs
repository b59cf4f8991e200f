//! Requests over the limit of a server.

use zeromq_async::Message;

/// The treatment of requests that arrive while the limit is reached or the service is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Overload {
    /// They wait in the socket's queues, and then in those of their senders. The default.
    #[default]
    Wait,
    /// They are answered at once with this message.
    Answer(Message),
    /// They are dropped. Their senders notice by a timeout.
    Drop,
}
