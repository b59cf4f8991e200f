//! Socket options.

use super::library::{Setting, Socket};
use crate::keys;
use crate::order::Mechanism;
use crate::process::Failure;

impl Socket {
    pub(super) fn subscribe(&self, topic: &[u8]) -> Result<(), Failure> {
        self.set(Setting::Subscribe, topic)
    }

    /// The side that binds. Without a ZAP handler it accepts every client.
    pub(super) fn secure_as_server(&self, mechanism: Mechanism) -> Result<(), Failure> {
        match mechanism {
            Mechanism::Null => Ok(()),
            Mechanism::Curve => {
                self.set(Setting::CurveServer, &YES)?;
                self.set(Setting::CurveSecretKey, keys::curve_server().secret_key().expose())
            }
            Mechanism::Noise | Mechanism::Tls => Err(unsupported(mechanism)),
        }
    }

    /// The side that connects.
    pub(super) fn secure_as_client(&self, mechanism: Mechanism) -> Result<(), Failure> {
        match mechanism {
            Mechanism::Null => Ok(()),
            Mechanism::Curve => {
                let (own, server) = (keys::curve_client(), keys::curve_server());
                self.set(Setting::CurvePublicKey, own.public_key().as_bytes())?;
                self.set(Setting::CurveSecretKey, own.secret_key().expose())?;
                self.set(Setting::CurveServerKey, server.public_key().as_bytes())
            }
            Mechanism::Noise | Mechanism::Tls => Err(unsupported(mechanism)),
        }
    }

    /// Makes a publisher wait instead of dropping messages.
    pub(super) fn drop_nothing(&self) -> Result<(), Failure> {
        self.set(Setting::NoDrop, &YES)
    }

    /// Removes the limit of the send queue. A SUB silently drops subscriptions when its queue is
    /// full.
    pub(super) fn queue_without_limit(&self) -> Result<(), Failure> {
        self.set(Setting::SendHighWaterMark, &NO_LIMIT)
    }
}

fn unsupported(mechanism: Mechanism) -> Failure {
    Failure::new(format!("libzmq does not support {mechanism}"))
}

const YES: [u8; 4] = 1_i32.to_ne_bytes();
const NO_LIMIT: [u8; 4] = 0_i32.to_ne_bytes();
