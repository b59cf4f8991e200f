//! Facts about the machine and the run.

use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::libzmq;

/// Facts about the machine and the run, as text.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Names and values in the order of the report.
    pub(crate) facts: Vec<(&'static str, String)>,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let unknown = || "unknown".to_owned();
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let facts = vec![
            ("processor", field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown)),
            ("processors", cores.to_string()),
            ("memory", field(&read("/proc/meminfo"), "MemTotal").unwrap_or_else(unknown)),
            ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
            ("load before", read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned()),
            ("libzmq", libzmq::version().unwrap_or_else(|_| "not installed".to_owned())),
            ("rustc", output("rustc", &["--version"]).unwrap_or_else(unknown)),
            ("commit", commit().unwrap_or_else(unknown)),
            ("date", today()),
            ("command", command()),
        ];
        Self { facts }
    }
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn commit() -> Option<String> {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = !output("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if changed { format!("{commit}, with changes") } else { commit })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn command() -> String {
    let mut command = "cargo run --release -p benches --bin versus".to_owned();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.is_empty() {
        command += &format!(" -- {}", arguments.join(" "));
    }
    command
}

fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// The date from the number of days since 1970-01-01. Years start in March here, so that the leap
/// day is the last day of its year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_convert_to_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_778), (2026, 11, 21));
    }

    #[test]
    fn field_value_follows_the_colon() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2: fast\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Some CPU @ 2: fast"));
        assert_eq!(field(text, "flags"), None);
    }
}
