//! A Jupyter kernel that runs a calculator.
//!
//!     cargo build --release -p jupyter_kernel
//!
//! Jupyter finds the kernel through a `kernel.json` in `kernels/calculator` under a data directory
//! of `jupyter --paths`:
//!
//!     {"argv": ["/path/to/jupyter_kernel", "{connection_file}"],
//!      "display_name": "Calculator", "language": "calculator", "interrupt_mode": "message"}
//!
//! Then run `jupyter console --kernel calculator` or a notebook, and try `6 * 7`, `x = 2`, `print
//! x`, `ask name`, and `sleep 10`, which can be interrupted.

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
