//! The lines that a process of a trial writes to its standard output.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use crate::process::Failure;

/// The figures of one trial by name.
pub type Sample = BTreeMap<String, f64>;

/// A line of a process of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The process is bound to this endpoint.
    Bound(String),
    /// All connections are established.
    Ready,
    /// The measurement starts now.
    Begin,
    /// The processor time of the process so far.
    Cpu(Duration),
    /// The result of the measurement.
    Result(Sample),
    /// The reason why the process stops.
    Failed(String),
}

impl Line {
    /// Writes the line to the standard output.
    ///
    /// # Errors
    ///
    /// The standard output is closed.
    pub fn say(&self) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{self}").and_then(|()| stdout.flush()).map_err(Failure::new)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound(endpoint) => write!(f, "bound {endpoint}"),
            Self::Ready => f.write_str("ready"),
            Self::Begin => f.write_str("begin"),
            Self::Cpu(time) => write!(f, "cpu {}", time.as_nanos()),
            Self::Failed(reason) => write!(f, "failed {}", reason.replace('\n', " ")),
            Self::Result(sample) => {
                f.write_str("result")?;
                sample.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
        }
    }
}

impl FromStr for Line {
    type Err = Failure;

    fn from_str(line: &str) -> Result<Self, Failure> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let line = match word {
            "bound" => Some(Self::Bound(rest.to_owned())),
            "ready" => Some(Self::Ready),
            "begin" => Some(Self::Begin),
            "cpu" => rest.parse().ok().map(|nanos| Self::Cpu(Duration::from_nanos(nanos))),
            "failed" => Some(Self::Failed(rest.to_owned())),
            "result" => sample(rest).map(Self::Result),
            _ => None,
        };
        line.ok_or_else(|| Failure::new(format!("unknown line {word:?} {rest:?}")))
    }
}

fn sample(text: &str) -> Option<Sample> {
    let number = |item: &str| {
        let (name, value) = item.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.split_whitespace().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_round_trip_through_text() {
        let sample = Sample::from([("p50_ns".to_owned(), 25_125.5), ("messages".to_owned(), 1e9)]);
        for line in [
            Line::Bound("tcp://127.0.0.1:5555".to_owned()),
            Line::Ready,
            Line::Begin,
            Line::Cpu(Duration::from_nanos(1_234_567_890)),
            Line::Result(sample),
            Line::Failed("no route to host".to_owned()),
        ] {
            assert_eq!(line.to_string().parse::<Line>().unwrap(), line);
        }
        assert!("result p50".parse::<Line>().is_err());
        assert!("hello".parse::<Line>().is_err());
    }
}
