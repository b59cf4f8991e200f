//! What `zmq keygen` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The mechanism the keys are for
    pub(crate) mechanism: KeyMechanism,

    /// Write NAME.key and NAME.key_secret instead of printing, the certificates of CZMQ and pyzmq
    #[arg(long, value_name = "NAME")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KeyMechanism {
    Curve,
    Noise,
}
