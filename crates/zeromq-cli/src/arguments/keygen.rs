//! What `zmq keygen` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::security::NOT_BUILT;
use crate::exit::Failure;

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The mechanism the keys are for
    mechanism: Mechanism,

    /// Write NAME.key and NAME.key_secret instead of printing
    #[arg(long, value_name = "NAME")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mechanism {
    Curve,
    Noise,
}

impl KeygenArguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let subject = match self {
            Self { out: Some(_), .. } => "keygen --out",
            Self { mechanism: Mechanism::Curve, .. } => "keygen curve",
            Self { mechanism: Mechanism::Noise, .. } => "keygen noise",
        };
        Err(Failure::about(subject, NOT_BUILT))
    }
}
