//! The security mechanism of a socket, and the authenticator that decides about its peers.

use super::SocketBuilder;
#[cfg(feature = "curve")]
use zmtp::{CurveClient, CurveKeyPair, CurvePublicKey, CurveServer};
use zmtp::{Mechanism, Null, PlainClient, PlainClientError, PlainServer};
#[cfg(feature = "noise")]
use zmtp::{NoiseClient, NoiseKeyPair, NoisePublicKey, NoiseServer};

use crate::authentication::{Authenticator, Security};
use crate::socket::SocketKind;

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Asks `authenticator` about every peer. Only the peer's address is known (37/ZMTP NULL;
    /// `ZMQ_ZAP_DOMAIN`). `zeromq_auth::Zap` asks a ZAP handler.
    ///
    /// It is also asked about the peers that this socket connects to. It is not asked about inproc peers,
    /// which are in this process.
    pub fn null_server(mut self, authenticator: impl Authenticator) -> Self {
        self.options.security = Security::asking(Null, authenticator);
        self
    }

    /// Sends this name and password to every peer, in clear (24/ZMTP-PLAIN;
    /// `ZMQ_PLAIN_USERNAME`, `ZMQ_PLAIN_PASSWORD`). Default: the NULL mechanism.
    ///
    /// Peers must be PLAIN servers. Inproc peers are in this process and have no handshake.
    ///
    /// # Errors
    ///
    /// A name and a password have at most 255 bytes each.
    pub fn plain_client(
        mut self,
        username: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, PlainClientError> {
        let client = PlainClient::new(username, password)?;
        self.options.security = Security::new(client);
        Ok(self)
    }

    /// Asks `authenticator` about the name and password of each peer (24/ZMTP-PLAIN;
    /// `ZMQ_PLAIN_SERVER`). `zeromq_auth::Zap` asks a ZAP handler.
    ///
    /// Names and passwords travel in clear. Either side may bind.
    pub fn plain_server(mut self, authenticator: impl Authenticator) -> Self {
        self.options.security = Security::asking(PlainServer, authenticator);
        self
    }

    /// Encrypts everything, and talks only to servers with `server_key`. This key pair identifies the
    /// client (26/CURVEZMQ; `ZMQ_CURVE_SERVERKEY`, `_PUBLICKEY`, `_SECRETKEY`).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
    /// use zeromq_async::security::generate_curve_keys;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (server, client) = (generate_curve_keys(), generate_curve_keys());
    /// let (server_key, known) = (*server.public_key(), *client.public_key());
    /// let only_known = move |attempt: Attempt| {
    ///     let known = attempt.request.credentials == Credentials::PublicKey(*known.as_bytes());
    ///     let denied = Decision::Deny(DenyStatus::AuthenticationFailure);
    ///     async move { if known { Decision::allow() } else { denied } }
    /// };
    ///
    /// let mut pull = PullSocket::builder().curve_server(server, only_known).build();
    /// let mut push = PushSocket::builder().curve_client(client, server_key).build();
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("in secret").await?;
    /// assert_eq!(pull.recv().await?, "in secret");
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "curve")]
    pub fn curve_client(mut self, keys: CurveKeyPair, server_key: CurvePublicKey) -> Self {
        let client = CurveClient::new(keys, server_key);
        self.options.security = Security::new(client);
        self
    }

    /// Encrypts everything, and asks `authenticator` about the public key of each client. The key pair
    /// is the server's: clients know its public key (26/CURVEZMQ; `ZMQ_CURVE_SERVER`).
    /// `zeromq_auth::Zap` asks a ZAP handler.
    #[cfg(feature = "curve")]
    pub fn curve_server(mut self, keys: CurveKeyPair, authenticator: impl Authenticator) -> Self {
        let server = CurveServer::new(keys);
        self.options.security = Security::asking(server, authenticator);
        self
    }

    /// Encrypts everything, and talks only to servers with `server_key`. This key pair identifies the
    /// client (`NOISE_IK` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// Peers must be [`noise_server`](Self::noise_server)s. A server with another key cannot read the
    /// client's key. It closes the connection, and this socket tries again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
    /// use zeromq_async::security::generate_noise_keys;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (server, client) = (generate_noise_keys(), generate_noise_keys());
    /// let (server_key, known) = (*server.public_key(), *client.public_key());
    /// let only_known = move |attempt: Attempt| {
    ///     let known = attempt.request.credentials == Credentials::PublicKey(*known.as_bytes());
    ///     let denied = Decision::Deny(DenyStatus::AuthenticationFailure);
    ///     async move { if known { Decision::allow() } else { denied } }
    /// };
    ///
    /// let mut pull = PullSocket::builder().noise_server(server, only_known).build();
    /// let mut push = PushSocket::builder().noise_client(client, server_key).build();
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("in secret").await?;
    /// assert_eq!(pull.recv().await?, "in secret");
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "noise")]
    pub fn noise_client(mut self, keys: NoiseKeyPair, server_key: NoisePublicKey) -> Self {
        let client = NoiseClient::ik(keys, server_key);
        self.options.security = Security::new(client);
        self
    }

    /// Encrypts everything, and asks `authenticator` about the public key of each client. The key pair
    /// is the server's: clients know its public key (`NOISE_IK` of `docs/noise.md`; libzmq has no such
    /// mechanism).
    ///
    /// Peers must be [`noise_client`](Self::noise_client)s. The authenticator is asked before the client
    /// has proven its key: an attacker can replay the first message of another client. So the
    /// authenticator should have no side effects.
    #[cfg(feature = "noise")]
    pub fn noise_server(mut self, keys: NoiseKeyPair, authenticator: impl Authenticator) -> Self {
        let server = NoiseServer::ik(keys);
        self.options.security = Security::asking(server, authenticator);
        self
    }

    /// Encrypts everything, and asks `authenticator` about the public key of each server. The key pair
    /// identifies the client (`NOISE_XX` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// Use it if the server's key is unknown, or one of several. The authenticator gets the key that
    /// the server has proven to have. An authenticator that accepts every key lets every server read the
    /// messages. Peers must be [`noise_xx_server`](Self::noise_xx_server)s.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
    /// use zeromq_async::security::generate_noise_keys;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (old, new) = (generate_noise_keys(), generate_noise_keys());
    /// let ours = [*old.public_key(), *new.public_key()];
    /// let check = move |attempt: Attempt| async move {
    ///     match attempt.request.credentials {
    ///         Credentials::PublicKey(key) if ours.iter().any(|known| *known.as_bytes() == key) => {
    ///             Decision::allow()
    ///         }
    ///         _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    ///     }
    /// };
    /// let any_client = |_: Attempt| async { Decision::allow() };
    ///
    /// let mut pull = PullSocket::builder().noise_xx_server(new, any_client).build();
    /// let mut push = PushSocket::builder().noise_xx_client(generate_noise_keys(), check).build();
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("in secret").await?;
    /// assert_eq!(pull.recv().await?, "in secret");
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "noise")]
    pub fn noise_xx_client(
        mut self,
        keys: NoiseKeyPair,
        authenticator: impl Authenticator,
    ) -> Self {
        let client = NoiseClient::xx(keys);
        self.options.security = Security::asking(client, authenticator);
        self
    }

    /// Encrypts everything, and asks `authenticator` about the public key of each client. Every client
    /// gets the server's public key (`NOISE_XX` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// Peers must be [`noise_xx_client`](Self::noise_xx_client)s. The authenticator is asked after a
    /// client has proven its key.
    #[cfg(feature = "noise")]
    pub fn noise_xx_server(
        mut self,
        keys: NoiseKeyPair,
        authenticator: impl Authenticator,
    ) -> Self {
        let server = NoiseServer::xx(keys);
        self.options.security = Security::asking(server, authenticator);
        self
    }

    /// Uses a mechanism of your own, without an authenticator: the mechanism decides about its peers.
    ///
    /// [`Mechanism`] is a trait of the crate `zmtp-codec`; its `tests/custom_mechanism.rs` has a complete
    /// implementation. Peers need the same mechanism. If it asks about a peer, that peer is denied. Inproc
    /// peers are in this process and have no handshake.
    ///
    /// The handshake gets randomness only if the feature `curve` or `noise` is on. The handshake must
    /// not block: it runs in the task of the connection.
    pub fn mechanism(mut self, mechanism: impl Mechanism + 'static) -> Self {
        self.options.security = Security::new(mechanism);
        self
    }

    /// Uses a mechanism of your own, and asks `authenticator` about each peer for which the mechanism
    /// asks (`Step::Ask`). See [`mechanism`](Self::mechanism).
    pub fn mechanism_with_authenticator(
        mut self,
        mechanism: impl Mechanism + 'static,
        authenticator: impl Authenticator,
    ) -> Self {
        self.options.security = Security::asking(mechanism, authenticator);
        self
    }
}
