//! The messages to send, from the command line, from files or from standard input.

use std::ffi::OsString;
use std::path::PathBuf;
use std::{fs, io, vec};

use tokio::sync::mpsc;
use zeromq_async::Message;

mod backlog;
mod reading;

pub(crate) use backlog::Backlog;
pub(crate) use reading::InputFormat;

use crate::failure::Failure;
use crate::format::{self, Delimiter};
use crate::targets::Targets;
use reading::Piece;

/// Where the messages come from. Without messages and files it is standard input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputOptions<'a> {
    pub(crate) messages: &'a [OsString],
    pub(crate) files: &'a [PathBuf],
    pub(crate) format: InputFormat,
    /// The most bytes of a raw message.
    pub(crate) chunk: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Input {
    source: Source,
    form: Form,
    delimiter: Delimiter,
    targets: Targets,
    backlog: Backlog,
}

#[derive(Debug)]
enum Source {
    Arguments(vec::IntoIter<Vec<u8>>),
    Files(vec::IntoIter<PathBuf>),
    Standard(mpsc::Receiver<io::Result<Piece>>),
}

/// How bytes become a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Split at the delimiter.
    Split,
    /// One frame.
    Whole,
    Json,
}

impl Input {
    /// Starts to read standard input if there are neither messages nor files.
    pub(crate) fn new(
        options: InputOptions<'_>,
        delimiter: Delimiter,
        backlog: Backlog,
    ) -> Result<Self, Failure> {
        let InputOptions { messages, files, format, chunk } = options;
        if chunk.is_some() && format != InputFormat::Raw {
            return Err(Failure::about("--chunk", "only --input raw reads chunks"));
        }
        backlog.add(messages.len() + files.len());
        let (source, form) = if !messages.is_empty() {
            let messages = messages.iter().map(|text| text.as_encoded_bytes().to_vec());
            (Source::Arguments(messages.collect::<Vec<_>>().into_iter()), Form::Split)
        } else if !files.is_empty() {
            (Source::Files(Vec::from(files).into_iter()), Form::Whole)
        } else {
            let chunk = chunk.map_or(DEFAULT_CHUNK, |chunk| chunk as usize);
            let form = if format == InputFormat::Json { Form::Json } else { Form::Split };
            (Source::Standard(reading::read(format, chunk, backlog.clone())), form)
        };
        Ok(Self { source, form, delimiter, targets: Targets::default(), backlog })
    }

    /// Puts the address of a target in front of each message.
    pub(crate) fn to(self, targets: Targets) -> Self {
        Self { targets, ..self }
    }

    /// Removes the message from [`next`](Self::next) from the backlog.
    pub(crate) fn sent(&self) {
        self.backlog.remove_one();
    }

    /// Whether the input is known to end. Standard input may never end.
    pub(crate) fn is_finite(&self) -> bool {
        !matches!(self.source, Source::Standard(_))
    }

    /// Whether it is known that no message follows.
    pub(crate) fn is_exhausted(&self) -> bool {
        match &self.source {
            Source::Arguments(messages) => messages.len() == 0,
            Source::Files(files) => files.len() == 0,
            Source::Standard(_) => false,
        }
    }

    /// The next message. `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        let bytes = match &mut self.source {
            Source::Arguments(messages) => messages.next(),
            Source::Files(files) => files.next().map(read_file).transpose()?,
            Source::Standard(pieces) => {
                let piece = pieces.recv().await.transpose();
                piece.map_err(about_input)?.map(|piece| piece.bytes)
            }
        };
        bytes.map(|bytes| self.message(bytes)).transpose()
    }

    fn message(&mut self, bytes: Vec<u8>) -> Result<Message, Failure> {
        let message = match self.form {
            Form::Whole => bytes.into(),
            Form::Json => format::from_json(&bytes).map_err(about_input)?,
            Form::Split if self.targets.are_in_messages() => self.delimiter.split_once(bytes),
            Form::Split => self.delimiter.split(bytes),
        };
        self.targets.address(message)
    }
}

fn about_input(error: impl std::fmt::Display) -> Failure {
    Failure::about("standard input", error)
}

fn read_file(path: PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(&path)
        .map_err(|error| Failure::about(format_args!("--file {}", path.display()), error))
}

/// The default of `--chunk`: 64 KiB.
const DEFAULT_CHUNK: usize = 64 << 10;
