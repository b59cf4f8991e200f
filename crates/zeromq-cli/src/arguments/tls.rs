//! The options of tls, wss and quic endpoints.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Default, Args)]
pub(crate) struct TlsArguments {
    /// Certificate in PEM, followed by those that signed it: of the server, or of a client that shows
    /// one. FILE is read again when it changes
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Client: trust servers that the authorities in FILE have signed [default: those that the system
    /// trusts]
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Server: accept only clients with a certificate that the authorities in FILE have signed
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_client_ca: Option<PathBuf>,
}

const HEADING: &str = "TLS";
