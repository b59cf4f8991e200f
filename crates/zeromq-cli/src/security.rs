//! The mechanism of a socket, with the keys and lists that the command line names.

use zeromq_async::security::{
    Attempt, Credentials, CurveKeyPair, CurvePublicKey, CurveSecretKey, Decision, NoiseKeyPair,
    NoisePublicKey, NoiseSecretKey, Password,
};
use zeromq_async::{SocketBuilder, SocketKind};
use zeromq_auth::{KeyFile, PasswordFile};

mod key;

use crate::arguments::SecurityArguments;
use crate::exit::Failure;
use key::KeyArguments;

/// What a socket asks of its peers and shows them.
#[derive(Debug, Default)]
pub(crate) enum Security {
    #[default]
    Null,
    PlainServer(PasswordFile),
    PlainClient {
        username: String,
        password: Password,
    },
    Curve(Part<CurveKeyPair, CurvePublicKey>),
    Noise(Part<NoiseKeyPair, NoisePublicKey>),
}

/// The part of a socket in a mechanism with keys.
#[derive(Debug)]
pub(crate) enum Part<Pair, PublicKey> {
    /// Lets in the keys of a list, or any.
    Server {
        keys: Pair,
        allow: Option<KeyFile>,
    },
    Client {
        keys: Pair,
        server_key: PublicKey,
    },
}

impl Security {
    /// Reads what the command line says, and the files it names.
    pub(crate) fn read(arguments: &SecurityArguments) -> Result<Self, Failure> {
        let SecurityArguments { plain_server, plain_username, plain_password, curve, noise } =
            arguments;
        if let Some(path) = plain_server {
            let users = PasswordFile::open(path);
            return users.map(Self::PlainServer).map_err(|e| Failure::about("--plain-server", e));
        }
        if let (Some(username), Some(password)) = (plain_username, plain_password) {
            let (username, password) = (username.clone(), Password::new(password));
            return Ok(Self::PlainClient { username, password });
        }
        let part = KeyArguments::from(curve).read::<CurveSecretKey, _, _>()?;
        if let Some(part) = part {
            return Ok(Self::Curve(part));
        }
        let part = KeyArguments::from(noise).read::<NoiseSecretKey, _, _>()?;
        Ok(part.map_or(Self::Null, Self::Noise))
    }

    /// Has a socket use it.
    pub(crate) fn apply<P: SocketKind>(
        &self,
        builder: SocketBuilder<P>,
    ) -> Result<SocketBuilder<P>, Failure> {
        Ok(match self {
            Self::Null => builder,
            Self::PlainServer(users) => builder.plain_server(users.clone()),
            Self::PlainClient { username, password } => {
                let builder = builder.plain_client(username, password.expose());
                builder.map_err(|error| Failure::about("--plain-username", error))?
            }
            Self::Curve(Part::Server { keys, allow: Some(list) }) => {
                builder.curve_server(keys.clone(), list.clone())
            }
            Self::Curve(Part::Server { keys, allow: None }) => {
                builder.curve_server(keys.clone(), anybody)
            }
            Self::Curve(Part::Client { keys, server_key }) => {
                builder.curve_client(keys.clone(), *server_key)
            }
            Self::Noise(Part::Server { keys, allow: Some(list) }) => {
                builder.noise_server(keys.clone(), list.clone())
            }
            Self::Noise(Part::Server { keys, allow: None }) => {
                builder.noise_server(keys.clone(), anybody)
            }
            Self::Noise(Part::Client { keys, server_key }) => {
                builder.noise_client(keys.clone(), *server_key)
            }
        })
    }
}

/// Lets every key in, which is then who its holder is.
async fn anybody(attempt: Attempt) -> Decision {
    match attempt.request.credentials {
        // The text of a key is the same for both mechanisms.
        Credentials::PublicKey(key) => Decision::allow_as(CurvePublicKey::new(key).to_string()),
        _ => Decision::allow(),
    }
}
