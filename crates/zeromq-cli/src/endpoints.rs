//! Binding and connecting sockets to the endpoints of the command line.

use zeromq_async::{Endpoint, SocketHandle};

use crate::console;
use crate::failure::Failure;

/// An endpoint to bind or connect to, as written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attachment {
    Bind(String),
    Connect(String),
}

impl Attachment {
    pub(crate) fn endpoint(&self) -> &str {
        match self {
            Self::Bind(endpoint) | Self::Connect(endpoint) => endpoint,
        }
    }

    /// Binds or connects the socket. Returns the bound endpoint.
    async fn attach(&self, socket: &SocketHandle) -> Result<Option<Endpoint>, Failure> {
        match self {
            Self::Bind(endpoint) => socket.bind(endpoint).await.map(Some).map_err(Failure::error),
            Self::Connect(endpoint) => {
                socket.connect(endpoint).map(|()| None).map_err(Failure::error)
            }
        }
    }
}

/// Binds and connects all sockets, then reports the bound endpoints.
pub(crate) async fn attach(sockets: &[(&SocketHandle, &Attachment)]) -> Result<(), Failure> {
    let mut bound = Vec::new();
    for (socket, attachment) in sockets {
        bound.extend(attachment.attach(socket).await?);
    }
    for endpoint in bound {
        console::log(format_args!("bound {endpoint}"));
    }
    Ok(())
}

/// All endpoints in one line, for an error that may concern any of them.
pub(crate) fn list<'a>(attachments: impl IntoIterator<Item = &'a Attachment>) -> String {
    attachments.into_iter().map(Attachment::endpoint).collect::<Vec<_>>().join(", ")
}
