//! Binding and connecting a socket to what the command line says.

use zeromq_async::{Endpoint, SocketHandle};

use crate::console;
use crate::exit::Failure;

/// One place to bind or connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Bind(String),
    Connect(String),
}

impl Place {
    /// The endpoint as it was given.
    pub(crate) fn endpoint(&self) -> &str {
        match self {
            Self::Bind(endpoint) | Self::Connect(endpoint) => endpoint,
        }
    }

    /// Attaches the socket here; the endpoint as bound, where it is.
    async fn attach(&self, socket: &SocketHandle) -> Result<Option<Endpoint>, Failure> {
        match self {
            Self::Bind(endpoint) => socket.bind(endpoint).await.map(Some).map_err(Failure::error),
            Self::Connect(endpoint) => {
                socket.connect(endpoint).map(|()| None).map_err(Failure::error)
            }
        }
    }
}

/// Attaches each socket to its place and, when all are, tells which endpoints are bound.
pub(crate) async fn attach(attachments: &[(&SocketHandle, &Place)]) -> Result<(), Failure> {
    let mut bound = Vec::new();
    for (socket, place) in attachments {
        bound.extend(place.attach(socket).await?);
    }
    for endpoint in bound {
        console::tell(format_args!("bound {endpoint}"));
    }
    Ok(())
}

/// The endpoints in one line, for an error that may be about any of them.
pub(crate) fn list(places: &[Place]) -> String {
    places.iter().map(Place::endpoint).collect::<Vec<_>>().join(", ")
}
