//! What a socket type lacks.

use std::fmt;

use zmtp::{RoutingIdError, SocketType};

/// There is no such [`AnySocket`](crate::AnySocket), or its type lacks a method or an option.
///
/// ```
/// use zeromq_async::{AnySocket, SocketType};
///
/// let pull = AnySocket::new(SocketType::Pull)?;
/// let error = pull.subscribe("news").unwrap_err();
/// assert_eq!(error.to_string(), "PULL sockets have no `subscribe`: SUB and XSUB have it");
/// # Ok::<(), zeromq_async::Unsupported>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// This library, as it was built, has no sockets of this type.
    #[error("this library has no {0} sockets: a newer version, or another feature, may have them")]
    Type(SocketType),
    /// Sockets of this type have no such method or option.
    #[error("{socket_type} sockets have no `{method}`: {}", Owners(supporting))]
    Method {
        /// The type of the socket.
        socket_type: SocketType,
        /// The name of the method or option.
        method: &'static str,
        /// The types that have it.
        supporting: &'static [SocketType],
    },
}

/// An option of a socket whose type is chosen at run time was not accepted.
///
/// ```
/// use zeromq_async::{AnySocket, OptionError, SocketType};
///
/// let builder = AnySocket::builder(SocketType::Dealer)?;
/// let error = builder.clone().routing_id("").unwrap_err();
/// assert!(matches!(error, OptionError::RoutingId(_)));
/// builder.routing_id("worker-7")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// The socket type has no such option.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The routing id has a wrong length, or begins with 0.
    #[error(transparent)]
    RoutingId(#[from] RoutingIdError),
}

/// Lists the types that have something.
struct Owners<'a>(&'a [SocketType]);

impl fmt::Display for Owners<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((last, others)) = self.0.split_last() else {
            return f.write_str("no type has it");
        };
        let Some((first, others)) = others.split_first() else { return write!(f, "{last} has it") };
        write!(f, "{first}")?;
        for other in others {
            write!(f, ", {other}")?;
        }
        write!(f, " and {last} have it")
    }
}
