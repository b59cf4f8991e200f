//! The security mechanism of a socket.

use zeromq_async::AnySocketBuilder;
use zeromq_async::security::{
    Attempt, Credentials, CurveKeyPair, CurvePublicKey, CurveSecretKey, Decision, NoiseKeyPair,
    NoisePublicKey, NoiseSecretKey, Password,
};
use zeromq_auth::PasswordFile;

mod keys;

use crate::arguments::SecurityArguments;
use crate::failure::Failure;
use keys::{KeyArguments, Role};

/// A mechanism with its credentials.
#[derive(Debug, Default)]
pub(crate) enum Security {
    #[default]
    Null,
    PlainServer(PasswordFile),
    PlainClient {
        username: String,
        password: Password,
    },
    Curve(Role<CurveKeyPair, CurvePublicKey>),
    Noise(Role<NoiseKeyPair, NoisePublicKey>),
}

impl Security {
    /// Reads the options and the files that they name.
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
        let role = KeyArguments::from(curve).read::<CurveSecretKey, _, _>()?;
        if let Some(role) = role {
            return Ok(Self::Curve(role));
        }
        let role = KeyArguments::from(noise).read::<NoiseSecretKey, _, _>()?;
        Ok(role.map_or(Self::Null, Self::Noise))
    }

    /// Configures a socket.
    pub(crate) fn apply(&self, builder: AnySocketBuilder) -> Result<AnySocketBuilder, Failure> {
        Ok(match self {
            Self::Null => builder,
            Self::PlainServer(users) => builder.plain_server(users.clone()),
            Self::PlainClient { username, password } => {
                let builder = builder.plain_client(username, password.expose());
                builder.map_err(|error| Failure::about("--plain-username", error))?
            }
            Self::Curve(Role::Server { keys, allow: Some(list) }) => {
                builder.curve_server(keys.clone(), list.clone())
            }
            Self::Curve(Role::Server { keys, allow: None }) => {
                builder.curve_server(keys.clone(), allow_any_key)
            }
            Self::Curve(Role::Client { keys, server_key }) => {
                builder.curve_client(keys.clone(), *server_key)
            }
            Self::Noise(Role::Server { keys, allow: Some(list) }) => {
                builder.noise_server(keys.clone(), list.clone())
            }
            Self::Noise(Role::Server { keys, allow: None }) => {
                builder.noise_server(keys.clone(), allow_any_key)
            }
            Self::Noise(Role::Client { keys, server_key }) => {
                builder.noise_client(keys.clone(), *server_key)
            }
        })
    }
}

/// Allows every key. The key is the user id.
async fn allow_any_key(attempt: Attempt) -> Decision {
    match attempt.request.credentials {
        // CURVE and NOISE keys have the same text form.
        Credentials::PublicKey(key) => Decision::allow_as(CurvePublicKey::new(key).to_string()),
        _ => Decision::allow(),
    }
}
