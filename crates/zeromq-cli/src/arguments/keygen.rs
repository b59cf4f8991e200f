//! The arguments of `zmq keygen`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The mechanism to use the keys for
    pub(crate) mechanism: KeyMechanism,

    /// Write the certificates NAME.key and NAME.key_secret, as CZMQ and pyzmq do, instead of printing
    #[arg(long, value_name = "NAME")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KeyMechanism {
    Curve,
    Noise,
}
