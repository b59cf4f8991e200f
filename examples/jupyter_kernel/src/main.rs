//! A Jupyter kernel with a calculator in it.
//!
//!     cargo build --release -p jupyter_kernel
//!
//! Jupyter finds it by a `kernel.json` in a folder that `jupyter --paths` names, under
//! `kernels/calculator`:
//!
//!     {"argv": ["/path/to/jupyter_kernel", "{connection_file}"],
//!      "display_name": "Calculator", "language": "calculator", "interrupt_mode": "message"}
//!
//! Then `jupyter console --kernel calculator`, or a notebook, takes `6 * 7`, `x = 2`, `print x`,
//! `ask name` and `sleep 10`, which can be interrupted.

use std::error::Error;
use std::process::ExitCode;

use jupyter_kernel::{ConnectionFile, Kernel};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: jupyter_kernel CONNECTION_FILE");
        return ExitCode::from(2);
    };
    match run(path.as_ref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jupyter_kernel: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let kernel = Kernel::bind(&ConnectionFile::read(path)?).await?;
    tokio::select! {
        served = kernel.serve() => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
