//! PLAIN and CURVE on sockets of either library, with the same password and keys.

use std::sync::LazyLock;

use libzmq_peer::SocketKind::Rep;
use libzmq_peer::{Context, Error, Opt, Peer, Socket};
use tokio::task::JoinHandle;
use zeromq_async::security::{
    Attempt, Credentials, CurveKeyPair, Decision, DenyStatus, NoiseKeyPair, generate_curve_keys,
    generate_noise_keys,
};
use zeromq_async::{SocketBuilder, SocketKind};

/// A mechanism with a client and a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// A user name and a password.
    Plain,
    /// Keys and encryption.
    Curve,
    /// Keys and encryption, not in libzmq.
    Noise,
}

/// The role of a socket in a mechanism. Sockets of both libraries know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secured {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// Whether it is the server.
    pub is_server: bool,
}

const USER: &str = "alice";
const PASSWORD: &str = "secret";

/// The server's keys.
pub static SERVER: LazyLock<CurveKeyPair> = LazyLock::new(generate_curve_keys);

/// The client's keys.
pub static CLIENT: LazyLock<CurveKeyPair> = LazyLock::new(generate_curve_keys);

static NOISE_SERVER: LazyLock<NoiseKeyPair> = LazyLock::new(generate_noise_keys);

static NOISE_CLIENT: LazyLock<NoiseKeyPair> = LazyLock::new(generate_noise_keys);

impl Secured {
    /// Configures a socket of this library.
    ///
    /// # Panics
    ///
    /// Never: the password is short.
    pub fn ours<P: SocketKind, S>(self, builder: SocketBuilder<P, S>) -> SocketBuilder<P, S> {
        match (self.mechanism, self.is_server) {
            (Mechanism::Plain, true) => builder.plain_server(known),
            (Mechanism::Plain, false) => {
                builder.plain_client(USER, PASSWORD).expect("a short password")
            }
            (Mechanism::Curve, true) => builder.curve_server(SERVER.clone(), known),
            (Mechanism::Curve, false) => builder.curve_client(CLIENT.clone(), *SERVER.public_key()),
            (Mechanism::Noise, true) => builder.noise_server(NOISE_SERVER.clone(), known),
            (Mechanism::Noise, false) => {
                builder.noise_client(NOISE_CLIENT.clone(), *NOISE_SERVER.public_key())
            }
        }
    }

    /// Configures a socket of libzmq. A PLAIN server needs a [`ZapHandler`].
    ///
    /// # Errors
    ///
    /// Those of libzmq.
    ///
    /// # Panics
    ///
    /// With NOISE.
    pub fn theirs(self, socket: &Socket) -> Result<(), Error> {
        match (self.mechanism, self.is_server) {
            (Mechanism::Plain, true) => socket.set_i32(Opt::PLAIN_SERVER, 1),
            (Mechanism::Plain, false) => {
                socket.set_str(Opt::PLAIN_USERNAME, Some(USER))?;
                socket.set_str(Opt::PLAIN_PASSWORD, Some(PASSWORD))
            }
            (Mechanism::Curve, true) => {
                socket.set_i32(Opt::CURVE_SERVER, 1)?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&SERVER.secret_key().to_z85()))
            }
            (Mechanism::Curve, false) => {
                socket.set_str(Opt::CURVE_SERVERKEY, Some(&SERVER.public_key().to_string()))?;
                socket.set_str(Opt::CURVE_PUBLICKEY, Some(&CLIENT.public_key().to_string()))?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&CLIENT.secret_key().to_z85()))
            }
            (Mechanism::Noise, _) => panic!("libzmq has no NOISE"),
        }
    }
}

/// Accepts clients with the password or the client's key.
async fn known(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { username, password }
            if username == USER && password.expose() == PASSWORD.as_bytes() =>
        {
            Decision::allow()
        }
        Credentials::PublicKey(key)
            if [CLIENT.public_key().as_bytes(), NOISE_CLIENT.public_key().as_bytes()]
                .contains(&key) =>
        {
            Decision::allow()
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

/// A ZAP handler of libzmq that accepts clients with the password or the client's key.
#[derive(Debug)]
pub struct ZapHandler(JoinHandle<()>);

impl ZapHandler {
    /// Handles the requests in this context.
    ///
    /// # Panics
    ///
    /// If the context has a handler already.
    pub fn start(context: &Context) -> Self {
        let handler = Peer::spawn_in(context, Rep, |socket| socket.bind("inproc://zeromq.zap.01"));
        let handler = handler.expect("the only ZAP handler of its context");
        Self(tokio::spawn(async move {
            while let Ok(request) = handler.recv().await {
                let is_known = match &request[6..] {
                    [user, password] => user == USER.as_bytes() && password == PASSWORD.as_bytes(),
                    [key] => key == CLIENT.public_key().as_bytes(),
                    _ => false,
                };
                let status: &[u8] = if is_known { b"200" } else { b"400" };
                let reply: [&[u8]; 6] = [b"1.0", &request[1], status, b"", b"", b""];
                if handler.send(reply).await.is_err() {
                    return;
                }
            }
        }))
    }
}

impl Drop for ZapHandler {
    fn drop(&mut self) {
        self.0.abort();
    }
}
