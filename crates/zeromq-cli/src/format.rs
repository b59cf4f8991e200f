//! Conversion between messages and text.

use std::ffi::OsString;
use std::io::Write;

use clap::ValueEnum;
use serde_json::{Value, json};
use zeromq_async::{Frame, Message};

use crate::failure::Failure;

/// The output format of received messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// The bytes unchanged
    #[default]
    Text,
    /// Each frame in hexadecimal
    Hex,
    /// An array of strings; bytes that are not UTF-8 as {"hex": "…"}
    Json,
    /// The bytes of the message and nothing else; frames are joined only by --delimiter
    Raw,
    /// The length of these bytes in four bytes, the most significant first, and the bytes
    Lengths,
}

/// The separator between the frames of a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delimiter(Option<Vec<u8>>);

impl Delimiter {
    pub(crate) fn new(text: Option<OsString>) -> Self {
        Self(text.map(OsString::into_encoded_bytes))
    }

    /// Converts a line into a message.
    pub(crate) fn split(&self, line: Vec<u8>) -> Message {
        let Some(delimiter) = &self.0 else { return line.into() };
        let mut message = Message::multipart([] as [Frame; 0]);
        let mut rest = &line[..];
        while let Some(at) = rest.windows(delimiter.len()).position(|here| here == delimiter) {
            message.push_back(&rest[..at]);
            rest = &rest[at + delimiter.len()..];
        }
        message.push_back(rest);
        message
    }

    /// Converts a line into a message of at most two frames.
    pub(crate) fn split_once(&self, line: Vec<u8>) -> Message {
        let Some(delimiter) = &self.0 else { return line.into() };
        match line.windows(delimiter.len()).position(|here| here == delimiter) {
            Some(at) => Message::multipart([&line[..at], &line[at + delimiter.len()..]]),
            None => line.into(),
        }
    }

    /// The bytes between frames in formats for programs.
    fn between(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    fn on_output(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(b"\t")
    }
}

impl Format {
    /// Whether the address of a message is left out, because it is no part of its bytes.
    pub(crate) fn is_bare(self) -> bool {
        matches!(self, Self::Raw | Self::Lengths)
    }

    /// Converts the frames of a message into output.
    pub(crate) fn output(
        self,
        frames: &[Frame],
        delimiter: &Delimiter,
    ) -> Result<Vec<u8>, Failure> {
        let body = || frames.join(delimiter.between());
        match self {
            Self::Raw => Ok(body()),
            Self::Lengths => with_length(body()),
            _ => Ok(self.line(frames, delimiter)),
        }
    }

    /// Converts the frames of a message into a line, including the line end.
    fn line(self, frames: &[Frame], delimiter: &Delimiter) -> Vec<u8> {
        let mut line = match self {
            Self::Text | Self::Raw | Self::Lengths => frames.join(delimiter.on_output()),
            Self::Hex => {
                let frames: Vec<_> = frames.iter().map(|frame| hex(frame)).collect();
                frames.join(delimiter.on_output())
            }
            Self::Json => {
                let frames: Value = frames.iter().map(|frame| json(frame)).collect();
                frames.to_string().into()
            }
        };
        line.push(b'\n');
        line
    }
}

/// Puts the length in front.
fn with_length(body: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let too_long = |_| Failure::about("--format lengths", "a message has 4 GiB or more");
    let length = u32::try_from(body.len()).map_err(too_long)?;
    Ok([&length.to_be_bytes()[..], &body].concat())
}

/// Parses what [`Format::Json`] prints: an array of strings, or of `{"hex": …}`.
pub(crate) fn from_json(line: &[u8]) -> Result<Message, String> {
    let wrong = || "not an array of strings or {\"hex\": \"…\"}".to_owned();
    let frames: Vec<Value> = serde_json::from_slice(line).map_err(|_| wrong())?;
    let frame = |value: &Value| match value {
        Value::String(text) => Some(Frame::from(text.clone())),
        Value::Object(object) => {
            let digits = object.get("hex").filter(|_| object.len() == 1)?.as_str()?;
            from_hex(digits.as_bytes()).map(Frame::from)
        }
        _ => None,
    };
    let frames: Option<Vec<_>> = frames.iter().map(frame).collect();
    let frames = frames.filter(|frames| !frames.is_empty()).ok_or_else(wrong)?;
    Ok(Message::multipart(frames))
}

/// A JSON string, or `{"hex": …}` for bytes that are not UTF-8.
pub(crate) fn json(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "hex": String::from_utf8_lossy(&hex(bytes)) }),
    }
}

/// Parses hexadecimal digits.
pub(crate) fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
        u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok().filter(|_| is_hex)
    };
    let bytes: Option<Vec<_>> = pairs.iter().map(byte).collect();
    bytes.filter(|_| rest.is_empty())
}

pub(crate) fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("writing to a Vec cannot fail");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(text: &str) -> Delimiter {
        Delimiter::new(Some(text.into()))
    }

    #[test]
    fn line_is_one_frame_without_delimiter() {
        assert_eq!(Delimiter::default().split(b"a\tb".into()), Message::from("a\tb"));
    }

    #[test]
    fn delimiter_splits_at_every_occurrence() {
        let split = |line: &str| delimiter("::").split(line.into());
        assert_eq!(split("a::b:c"), Message::multipart(["a", "b:c"]));
        assert_eq!(split("::a::"), Message::multipart(["", "a", ""]));
        assert_eq!(split(""), Message::from(""));
        assert_eq!(split("a:::b"), Message::multipart(["a", ":b"]));
    }

    #[test]
    fn split_once_keeps_later_delimiters() {
        let split = |line: &str| delimiter("::").split_once(line.into());
        assert_eq!(split("a::b::c"), Message::multipart(["a", "b::c"]));
        assert_eq!(split("a:b"), Message::from("a:b"));
        assert_eq!(Delimiter::default().split_once(b"a::b".into()), Message::from("a::b"));
    }

    #[test]
    fn formats_show_every_byte() {
        let message = Message::multipart([&b"a"[..], b"\xff\n"]);
        let line = |format: Format, delimiter| format.output(message.frames(), &delimiter).unwrap();
        assert_eq!(line(Format::Text, Delimiter::default()), b"a\t\xff\n\n");
        assert_eq!(line(Format::Text, delimiter("|")), b"a|\xff\n\n");
        assert_eq!(line(Format::Hex, delimiter("|")), b"61|ff0a\n");
        assert_eq!(line(Format::Json, delimiter("|")), b"[\"a\",{\"hex\":\"ff0a\"}]\n");
        assert_eq!(line(Format::Raw, Delimiter::default()), b"a\xff\n");
        assert_eq!(line(Format::Raw, delimiter("|")), b"a|\xff\n");
        assert_eq!(line(Format::Lengths, Delimiter::default()), b"\0\0\0\x03a\xff\n");
    }

    #[test]
    fn json_is_read_as_it_is_printed() {
        for frames in [&[&b"a"[..], b"\xff\n"][..], &[b""], &["ü".as_bytes()]] {
            let message = Message::multipart(frames.iter().copied());
            let line = Format::Json.output(message.frames(), &Delimiter::default()).unwrap();
            assert_eq!(from_json(&line).unwrap(), message);
        }
        for wrong in ["", "[]", "\"a\"", "[1]", "[{\"hex\":\"f\"}]", "[{\"hex\":\"ff\",\"a\":1}]"] {
            assert!(from_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
