//! The client role of PLAIN.

use bytes::Bytes;

use super::FIELD_MAX;
use crate::authentication::Password;
use crate::batch::Batch;
use crate::error::PeerMisbehaved;
use crate::mechanism::ready::AwaitReady;
use crate::mechanism::{
    Handshake, HandshakeContext, Mechanism, Result, Step, command, command_size, expect_command,
};
use crate::wire::{Command, MechanismName};

/// A PLAIN client: sends a user name and a password, in clear (24/ZMTP-PLAIN).
///
/// ```
/// use zmtp_codec::{PlainClient, PlainClientError};
///
/// let client = PlainClient::new("admin", "secret")?;
/// assert!(!format!("{client:?}").contains("secret"));
/// assert_eq!(PlainClient::new([b'x'; 300], ""), Err(PlainClientError::UsernameTooLong(300)));
/// # Ok::<_, PlainClientError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainClient {
    username: Bytes,
    password: Password,
}

/// A user name or password is too long for PLAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainClientError {
    /// The user name has more than 255 bytes.
    #[error("user name has {0} bytes; PLAIN allows 255")]
    UsernameTooLong(usize),
    /// The password has more than 255 bytes.
    #[error("password has {0} bytes; PLAIN allows 255")]
    PasswordTooLong(usize),
}

impl PlainClient {
    /// Makes a client with these credentials.
    ///
    /// # Errors
    ///
    /// If either has more than 255 bytes.
    pub fn new(
        username: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, PlainClientError> {
        let (username, password) = (username.as_ref(), password.as_ref());
        if username.len() > FIELD_MAX {
            return Err(PlainClientError::UsernameTooLong(username.len()));
        }
        if password.len() > FIELD_MAX {
            return Err(PlainClientError::PasswordTooLong(password.len()));
        }
        let (username, password) = (Bytes::copy_from_slice(username), Password::new(password));
        Ok(Self { username, password })
    }

    /// The user name.
    pub fn username(&self) -> &Bytes {
        &self.username
    }
}

impl Mechanism for PlainClient {
    fn name(&self) -> MechanismName {
        MechanismName::PLAIN
    }

    fn is_server(&self) -> bool {
        false
    }

    fn start(&self, context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        let mut data = Vec::new();
        for field in [&self.username[..], self.password.expose()] {
            data.extend(u8::try_from(field.len()));
            data.extend_from_slice(field);
        }
        output.push_command(&command("HELLO", data));
        Step::wait(AwaitWelcome(context))
    }
}

#[derive(Debug)]
struct AwaitWelcome(HandshakeContext);

impl Handshake for AwaitWelcome {
    fn max_command_size(&self) -> usize {
        command_size("WELCOME", 0)
    }

    fn handle(self: Box<Self>, received: Command, output: &mut Batch) -> Result<Step> {
        if !expect_command(received, "WELCOME")?.is_empty() {
            return Err(PeerMisbehaved::CommandLayout("WELCOME").into());
        }
        output.push_command(&command("INITIATE", self.0.metadata.clone()));
        Step::wait(AwaitReady(self.0))
    }
}
