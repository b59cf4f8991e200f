//! What a process that has a [`Peer`](super::Peer) is asked, and what it answers: a line each.

use std::time::Duration;

use super::Sent;
use crate::Frames;

/// What the process is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the methods of a peer")]
pub enum Request {
    Bind(String),
    Connect(String),
    Send(Frames, Duration),
    Recv(Duration),
    Dropped,
}

/// What it answers.
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
    /// As a line.
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

    /// From a line.
    ///
    /// # Panics
    ///
    /// When it is not one of these.
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
    /// As a line.
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

    /// From a line; `None` where it is something else that the process has to say.
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

/// Frames as hexadecimal bytes, with commas between.
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
