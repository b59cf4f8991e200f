//! The security mechanism of a socket, and the authenticator that decides about its peers.

use super::SocketBuilder;
#[cfg(feature = "curve")]
use zmtp::{CurveClient, CurveKeyPair, CurvePublicKey, CurveServer};
#[cfg(feature = "noise")]
use zmtp::{NoiseClient, NoiseKeyPair, NoisePublicKey, NoiseServer};
use zmtp::{Null, PlainClient, PlainClientError, PlainServer};

use crate::authentication::{Authenticator, Security};
use crate::socket::SocketKind;

impl<P: SocketKind> SocketBuilder<P> {
    /// Asks `authenticator` about every peer; only the peer's address is known (37/ZMTP NULL;
    /// `ZMQ_ZAP_DOMAIN`). `zeromq_auth::Zap` asks a ZAP handler.
    ///
    /// It is also asked about the peers that this socket connects to, but not about inproc peers, which
    /// are in this process.
    pub fn null_server(mut self, authenticator: impl Authenticator) -> Self {
        self.options.security = Security::asking(Null, authenticator);
        self
    }

    /// Shows this name and password to every peer, in clear (24/ZMTP-PLAIN;
    /// `ZMQ_PLAIN_USERNAME`, `ZMQ_PLAIN_PASSWORD`). Default: the NULL mechanism.
    ///
    /// Peers must be PLAIN servers. Inproc peers are within the process and are not asked.
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

    /// Lets in the peers whose name and password `authenticator` accepts (24/ZMTP-PLAIN;
    /// `ZMQ_PLAIN_SERVER`); `zeromq_auth::Zap` asks a ZAP handler.
    ///
    /// Names and passwords travel in clear. Which side binds has no bearing on it.
    pub fn plain_server(mut self, authenticator: impl Authenticator) -> Self {
        self.options.security = Security::asking(PlainServer, authenticator);
        self
    }

    /// Connects to, or accepts, servers that have `server_key`, and shows them this key pair;
    /// everything is encrypted (26/CURVEZMQ; `ZMQ_CURVE_SERVERKEY`, `_PUBLICKEY`, `_SECRETKEY`).
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
    ///     let refusal = Decision::Deny(DenyStatus::AuthenticationFailure);
    ///     async move { if known { Decision::allow() } else { refusal } }
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

    /// Proves to clients that this socket has the key they know, lets in those whose own key
    /// `authenticator` accepts, and encrypts everything (26/CURVEZMQ; `ZMQ_CURVE_SERVER`); a
    /// `zeromq_auth::Zap` asks a ZAP handler.
    #[cfg(feature = "curve")]
    pub fn curve_server(mut self, keys: CurveKeyPair, authenticator: impl Authenticator) -> Self {
        let server = CurveServer::new(keys);
        self.options.security = Security::asking(server, authenticator);
        self
    }

    /// Connects to, or accepts, servers that have `server_key`, and shows them this key pair;
    /// everything is encrypted (`NOISE_IK` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// Peers must be [`noise_server`](Self::noise_server)s. A server with another key cannot read
    /// who this is: it closes the connection, and this socket tries again.
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
    ///     let refusal = Decision::Deny(DenyStatus::AuthenticationFailure);
    ///     async move { if known { Decision::allow() } else { refusal } }
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

    /// Proves to clients that this socket has the key they know, lets in those whose own key
    /// `authenticator` accepts, and encrypts everything (`NOISE_IK` of `docs/noise.md`; libzmq has
    /// no such mechanism).
    ///
    /// Peers must be [`noise_client`](Self::noise_client)s. The authenticator is asked when a client
    /// has shown its key, in a message that may be a recording, and the proof follows: so it should
    /// have no effect of its own.
    #[cfg(feature = "noise")]
    pub fn noise_server(mut self, keys: NoiseKeyPair, authenticator: impl Authenticator) -> Self {
        let server = NoiseServer::ik(keys);
        self.options.security = Security::asking(server, authenticator);
        self
    }

    /// Asks `authenticator` about the key of each server, shows accepted servers this key pair, and
    /// encrypts everything (`NOISE_XX` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// This is for servers with an unknown key, or one of several. The authenticator gets the key that
    /// the server has proven to have. An authenticator that accepts any key lets any server read the
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
    /// let anybody = |_: Attempt| async { Decision::allow() };
    ///
    /// let mut pull = PullSocket::builder().noise_xx_server(new, anybody).build();
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

    /// Shows this socket's key to every client, asks `authenticator` about the client's key, and encrypts
    /// everything (`NOISE_XX` of `docs/noise.md`; libzmq has no such mechanism).
    ///
    /// Peers must be [`noise_xx_client`](Self::noise_xx_client)s. The authenticator is asked when a
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
}
