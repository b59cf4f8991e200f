//! TLS for `tls://`: certificates, trusted authorities, and errors.
//!
//! `tls://host:port` is ZMTP inside TLS 1.3 or 1.2 over TCP. A server has a [`TlsServer`], and a client a
//! [`TlsClient`]. The side that binds is the server. A context or a socket has both:
//! [`SocketBuilder::tls_server`](crate::SocketBuilder::tls_server) and
//! [`SocketBuilder::tls_client`](crate::SocketBuilder::tls_client).
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use zeromq_async::tls::{TlsCertificate, TlsServer};
//! use zeromq_async::{RepSocket, ReqSocket};
//!
//! let certificate = TlsCertificate::from_pem_files("server.crt", "server.key")?;
//! let mut rep = RepSocket::builder().tls_server(TlsServer::new(certificate)).build();
//! rep.bind("tls://*:5555").await?;
//!
//! let mut req = ReqSocket::new(); // trusts what the operating system trusts
//! req.connect("tls://example.org:5555")?;
//! # Ok(()) }
//! ```
//!
//! Certificates, keys and authorities in files are checked before each handshake, and loaded again if
//! they have changed. Connected peers stay connected. If new files are faulty, the last valid ones stay
//! in use, and a `tracing` event of level ERROR names the fault.
//!
//! A server may ask clients for certificates. The name in the certificate becomes the
//! [user id](crate::PeerInfo::user_id) of the peer, and the socket's
//! [authenticator](crate::security::Authenticator) gets it too.
//!
//! Sessions are not resumed, so each connection verifies its certificates. The cryptography is ring's.

mod certificate;
mod client;
mod config_cache;
mod error;
mod failure;
mod file_stamp;
mod holder;
mod pem;
mod provider;
mod reloaded;
mod roots;
mod server;

pub use certificate::TlsCertificate;
pub use client::TlsClient;
pub use error::TlsConfigError;
pub use failure::TlsFailure;
pub(crate) use holder::holder;
pub use roots::TlsRoots;
pub use server::TlsServer;
