//! Who may talk to whom, and in secret.

use std::path::PathBuf;

use clap::Args;

use crate::exit::Failure;

#[derive(Debug, Default, Args)]
pub(crate) struct Security {
    /// PLAIN server: let in who is named in FILE, a line of `user:password` each; the password may
    /// be an Argon2 PHC string
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    plain_server: Option<PathBuf>,

    /// PLAIN client: the user
    #[arg(help_heading = HEADING, long, value_name = "U")]
    plain_username: Option<String>,

    /// PLAIN client: the password
    #[arg(help_heading = HEADING, long, value_name = "P")]
    plain_password: Option<String>,

    /// CURVE server, with the secret key of --curve-secret-key
    #[arg(help_heading = HEADING, long)]
    curve_server: bool,

    /// CURVE server: let in only the public keys in FILE, one a line
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    curve_allow: Option<PathBuf>,

    /// CURVE client: the server's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long, value_name = "KEY")]
    curve_server_key: Option<String>,

    /// CURVE client: this side's public key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long, value_name = "KEY")]
    curve_public_key: Option<String>,

    /// CURVE: this side's secret key, in Z85 or @FILE
    #[arg(help_heading = HEADING, long, value_name = "KEY")]
    curve_secret_key: Option<String>,
}

impl Security {
    /// Refuses what is not there yet: nobody is to believe that a socket is secure when it is not.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let given = [
            ("--plain-server", self.plain_server.is_some()),
            ("--plain-username", self.plain_username.is_some()),
            ("--plain-password", self.plain_password.is_some()),
            ("--curve-server", self.curve_server),
            ("--curve-allow", self.curve_allow.is_some()),
            ("--curve-server-key", self.curve_server_key.is_some()),
            ("--curve-public-key", self.curve_public_key.is_some()),
            ("--curve-secret-key", self.curve_secret_key.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::about(option, NOT_BUILT)),
        }
    }
}

const HEADING: &str = "Security";

pub(super) const NOT_BUILT: &str = "not built yet";
