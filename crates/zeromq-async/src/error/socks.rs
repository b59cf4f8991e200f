//! What can be wrong with who asks a SOCKS proxy.

/// A username or password that no SOCKS proxy can be told (RFC 1929).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} for a SOCKS proxy has 1 to 255 bytes, and not {bytes}")]
pub struct SocksCredentialsError {
    pub(crate) what: &'static str,
    pub(crate) bytes: usize,
}
