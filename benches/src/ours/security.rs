//! The two sides of a mechanism.

use zeromq_async::security::{Attempt, Decision};
use zeromq_async::{SocketBuilder, SocketKind};

use crate::order::Mechanism;
use crate::{certificates, keys};

/// The side that binds. It accepts every client.
pub(super) fn server<P: SocketKind>(
    builder: SocketBuilder<P>,
    mechanism: Mechanism,
) -> SocketBuilder<P> {
    match mechanism {
        Mechanism::Null => builder,
        Mechanism::Curve => builder.curve_server(keys::curve_server(), allow),
        Mechanism::Noise => builder.noise_server(keys::noise_server(), allow),
        Mechanism::Tls => builder.tls_server(certificates::server()),
    }
}

/// The side that connects.
pub(super) fn client<P: SocketKind>(
    builder: SocketBuilder<P>,
    mechanism: Mechanism,
) -> SocketBuilder<P> {
    match mechanism {
        Mechanism::Null => builder,
        Mechanism::Curve => {
            builder.curve_client(keys::curve_client(), *keys::curve_server().public_key())
        }
        Mechanism::Noise => {
            builder.noise_client(keys::noise_client(), *keys::noise_server().public_key())
        }
        Mechanism::Tls => builder.tls_client(certificates::client()),
    }
}

async fn allow(_: Attempt) -> Decision {
    Decision::allow()
}
