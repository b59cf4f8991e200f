//! Writes the seed inputs to a directory, with one subdirectory per target.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let into = env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    for (number, (target, bytes)) in fuzz_targets::seeds::all().into_iter().enumerate() {
        let directory = into.join(target);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(format!("seed-{number:03}")), bytes)?;
    }
    Ok(())
}
