//! The requests to a process with a [`Peer`](super::Peer) and its answers, one per line.

use std::time::Duration;

use super::Sent;
use crate::Frames;

/// A request to the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the methods of a peer")]
pub enum Request {
    Bind(String),
    Connect(String),
    Send(Frames, Duration),
    Recv(Duration),
    Dropped,
}

/// An answer of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the methods of a peer")]
pub enum Answer {
    Ready,
    Bound(String),
    Connected,
    Sent(Sent),
    Received(Option<Frames>),
    Dropped(Option<u64>),
}

impl Request {
    /// Encodes a line.
    pub fn to_line(&self) -> String {
        match self {
            Self::Bind(endpoint) => format!("bind {endpoint}"),
            Self::Connect(endpoint) => format!("connect {endpoint}"),
            Self::Send(message, within) => {
                format!("send {} {}", within.as_millis(), to_hex(message))
            }
            Self::Recv(within) => format!("recv {}", within.as_millis()),
            Self::Dropped => "dropped".to_owned(),
        }
    }

    /// Decodes a line.
    ///
    /// # Panics
    ///
    /// If it is not a request.
    pub fn from_line(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["bind", endpoint] => Self::Bind(endpoint.to_owned()),
            ["connect", endpoint] => Self::Connect(endpoint.to_owned()),
            ["send", within, message] => Self::Send(from_hex(message), ms(within)),
            ["recv", within] => Self::Recv(ms(within)),
            ["dropped"] => Self::Dropped,
            _ => panic!("not a request: {line}"),
        }
    }
}

impl Answer {
    /// Encodes a line.
    pub fn to_line(&self) -> String {
        match self {
            Self::Ready => "ready".to_owned(),
            Self::Bound(endpoint) => format!("bound {endpoint}"),
            Self::Connected => "connected".to_owned(),
            Self::Sent(Sent::Taken) => "taken".to_owned(),
            Self::Sent(Sent::Full) => "full".to_owned(),
            Self::Sent(Sent::Refused) => "refused".to_owned(),
            Self::Received(None) => "nothing".to_owned(),
            Self::Received(Some(message)) => format!("received {}", to_hex(message)),
            Self::Dropped(None) => "untold".to_owned(),
            Self::Dropped(Some(count)) => format!("dropped {count}"),
        }
    }

    /// Decodes a line. `None` for any other output of the process.
    pub fn from_line(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split(' ').collect();
        Some(match words[..] {
            ["ready"] => Self::Ready,
            ["bound", endpoint] => Self::Bound(endpoint.to_owned()),
            ["connected"] => Self::Connected,
            ["taken"] => Self::Sent(Sent::Taken),
            ["full"] => Self::Sent(Sent::Full),
            ["refused"] => Self::Sent(Sent::Refused),
            ["nothing"] => Self::Received(None),
            ["received", message] => Self::Received(Some(from_hex(message))),
            ["untold"] => Self::Dropped(None),
            ["dropped", count] => Self::Dropped(count.parse().ok()),
            _ => return None,
        })
    }
}

fn ms(text: &str) -> Duration {
    Duration::from_millis(text.parse().expect("a number"))
}

/// Frames as hexadecimal bytes, separated by commas.
fn to_hex(message: &Frames) -> String {
    let frames: Vec<String> = message
        .iter()
        .map(|frame| frame.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    frames.join(",")
}

fn from_hex(text: &str) -> Frames {
    let frame = |text: &str| {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits"))
            .collect()
    };
    text.split(',').map(frame).collect()
}
