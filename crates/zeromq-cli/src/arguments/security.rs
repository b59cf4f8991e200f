//! The options of the security mechanisms.

use std::path::PathBuf;

use clap::Args;

/// A socket has one mechanism and one role in it. Contradictory or incomplete options are wrong usage,
/// so that a socket is never less secure than its options suggest.
#[derive(Debug, Default, Args)]
pub(crate) struct SecurityArguments {
    /// PLAIN server: allow the users in FILE, one `user:password` per line. The password may be an
    /// Argon2 hash from `zmq hash-password`
    #[arg(help_heading = HEADING, long, value_name = "FILE", group = ROLE)]
    pub(crate) plain_server: Option<PathBuf>,

    /// PLAIN client: the user name
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "U", allow_hyphen_values = true, group = ROLE, requires = "plain_password")]
    pub(crate) plain_username: Option<String>,

    /// PLAIN client: the password. Other users of this machine can see it in the process list
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "P", allow_hyphen_values = true, requires = "plain_username")]
    pub(crate) plain_password: Option<String>,

    #[command(flatten)]
    pub(crate) curve: CurveArguments,

    #[command(flatten)]
    pub(crate) noise: NoiseArguments,
}

#[derive(Debug, Default, Args)]
pub(crate) struct CurveArguments {
    /// CURVE server; requires --curve-secret-key
    #[arg(help_heading = HEADING, long)]
    #[arg(groups = [ROLE, "curve_role"], requires = "curve_secret_key")]
    pub(crate) curve_server: bool,

    /// CURVE server: allow only the public keys in FILE, one per line, optionally followed by a user
    /// name. FILE may be a folder of NAME.key files [default: any key]
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "curve_server")]
    pub(crate) curve_allow: Option<PathBuf>,

    /// CURVE client: the server's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    #[arg(groups = [ROLE, "curve_role"], requires = "curve_secret_key")]
    pub(crate) curve_server_key: Option<String>,

    /// CURVE: the public key of this socket, in Z85 or @FILE [default: derived from the secret key]
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "curve_secret_key")]
    pub(crate) curve_public_key: Option<String>,

    /// CURVE: the secret key of this socket, in @FILE or Z85. Other users of this machine can see a
    /// Z85 key in the process list
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "curve_role")]
    pub(crate) curve_secret_key: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct NoiseArguments {
    /// NOISE server; requires --noise-secret-key
    #[arg(help_heading = HEADING, long)]
    #[arg(groups = [ROLE, "noise_role"], requires = "noise_secret_key")]
    pub(crate) noise_server: bool,

    /// NOISE server: allow only the public keys in FILE, as for CURVE [default: any key]
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "noise_server")]
    pub(crate) noise_allow: Option<PathBuf>,

    /// NOISE client: the server's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    #[arg(groups = [ROLE, "noise_role"], requires = "noise_secret_key")]
    pub(crate) noise_server_key: Option<String>,

    /// NOISE: the public key of this socket, in Z85 or @FILE [default: derived from the secret key]
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "noise_secret_key")]
    pub(crate) noise_public_key: Option<String>,

    /// NOISE: the secret key of this socket, in @FILE or Z85. Other users of this machine can see a
    /// Z85 key in the process list
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "noise_role")]
    pub(crate) noise_secret_key: Option<String>,
}

const HEADING: &str = "Security";

/// The group of options that select a mechanism and role. A socket has at most one of them.
const ROLE: &str = "security_role";
