//! Who may talk to whom, and in secret.

use std::path::PathBuf;

use clap::Args;

/// A socket has one mechanism and one part in it. What contradicts that or lacks something is wrong
/// usage: nobody is to believe that a socket is secure when it is not.
#[derive(Debug, Default, Args)]
pub(crate) struct SecurityArguments {
    /// PLAIN server: let in who is named in FILE, a line of `user:password` each; the password may
    /// be an Argon2 PHC string, as `zmq hash-password` makes them
    #[arg(help_heading = HEADING, long, value_name = "FILE", group = PART)]
    pub(crate) plain_server: Option<PathBuf>,

    /// PLAIN client: the user
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "U", allow_hyphen_values = true, group = PART, requires = "plain_password")]
    pub(crate) plain_username: Option<String>,

    /// PLAIN client: the password, which whoever is on this machine can see
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
    /// CURVE server, with the secret key of --curve-secret-key
    #[arg(help_heading = HEADING, long)]
    #[arg(groups = [PART, "curve_part"], requires = "curve_secret_key")]
    pub(crate) curve_server: bool,

    /// CURVE server: let in only the public keys in FILE, one a line with perhaps a user name behind
    /// it, or those in a folder of NAME.key files [default: any key]
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "curve_server")]
    pub(crate) curve_allow: Option<PathBuf>,

    /// CURVE client: the server's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    #[arg(groups = [PART, "curve_part"], requires = "curve_secret_key")]
    pub(crate) curve_server_key: Option<String>,

    /// CURVE: this side's public key, in Z85 or @FILE [default: that of the secret key]
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "curve_secret_key")]
    pub(crate) curve_public_key: Option<String>,

    /// CURVE: this side's secret key, in @FILE, or in Z85, which whoever is on this machine can see
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "curve_part")]
    pub(crate) curve_secret_key: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct NoiseArguments {
    /// NOISE server, with the secret key of --noise-secret-key
    #[arg(help_heading = HEADING, long)]
    #[arg(groups = [PART, "noise_part"], requires = "noise_secret_key")]
    pub(crate) noise_server: bool,

    /// NOISE server: let in only the public keys in FILE, as with CURVE [default: any key]
    #[arg(help_heading = HEADING, long, value_name = "FILE", requires = "noise_server")]
    pub(crate) noise_allow: Option<PathBuf>,

    /// NOISE client: the server's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    #[arg(groups = [PART, "noise_part"], requires = "noise_secret_key")]
    pub(crate) noise_server_key: Option<String>,

    /// NOISE: this side's public key, in Z85 or @FILE [default: that of the secret key]
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "noise_secret_key")]
    pub(crate) noise_public_key: Option<String>,

    /// NOISE: this side's secret key, in @FILE, or in Z85, which whoever is on this machine can see
    #[arg(help_heading = HEADING, long)]
    #[arg(value_name = "KEY", allow_hyphen_values = true, requires = "noise_part")]
    pub(crate) noise_secret_key: Option<String>,
}

const HEADING: &str = "Security";

/// The group of what a socket can be one of.
const PART: &str = "security_part";
