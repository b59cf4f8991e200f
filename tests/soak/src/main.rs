//! Runs the workload for a given time, and fails if memory, descriptors or tasks grow.
//!
//!     cargo run --release -p soak -- --seconds 3600

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use soak::workload::{self, Residents};
use soak::{Sample, find_growth};

/// Opens, uses and closes sockets, and checks memory, descriptors and tasks for leaks
#[derive(Parser)]
struct Arguments {
    /// The duration in seconds
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match soak(Duration::from_secs(arguments.seconds)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(time: Duration) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let mut residents = Residents::bind().await?;
    let started = Instant::now();
    let (mut rounds, mut samples) = (0_u64, Vec::new());
    let pause_between_lines = (time / 20).max(Duration::from_secs(1));
    let mut printed = Instant::now();
    while started.elapsed() < time {
        residents.subscribe().await?;
        residents.push().await?;
        tokio::try_join!(workload::request(), workload::reconnect(), workload::drop_unsent())?;
        rounds += 1;
        let sample = Sample::take()?;
        samples.push(sample);
        if printed.elapsed() >= pause_between_lines {
            printed = Instant::now();
            let Sample { memory, descriptors, tasks } = sample;
            let seconds = started.elapsed().as_secs();
            println!(
                "{seconds:>6} s {rounds:>8} rounds {memory:>8} KiB {descriptors:>5} descriptors \
                 {tasks:>5} tasks"
            );
        }
    }
    let grown = find_growth(&samples);
    for growth in &grown {
        println!("grows: {}: from {} to {}", growth.what, growth.before, growth.after);
    }
    if grown.is_empty() {
        println!("steady after {rounds} rounds");
    }
    Ok(grown.is_empty())
}
