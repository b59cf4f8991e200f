//! Compares a batch with a model: a list of its messages and commands.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Bytes, BytesMut};
use zmtp_codec::{Batch, Command, Decoder, EncodedMessages, Inbound, Limits, Message};

use crate::input::Input;

/// Runs any operations in any order.
pub fn batch(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (mut batch, mut model) = (Batch::new(), Model::default());
    while !input.is_empty() {
        match input.byte() % 12 {
            0 => {
                let message = Message::multipart([input.slice(), input.slice()]);
                model.push(&message);
                batch.push(message);
            }
            1 => {
                let message = Message::from(input.slice());
                model.push(&message);
                batch.push(message);
            }
            2 => {
                // Around the threshold for chained bodies.
                let size = Batch::CHAIN_THRESHOLD - 8 + input.below(16);
                let message =
                    Message::multipart([vec![input.byte(); size], input.slice().to_vec()]);
                model.push(&message);
                batch.push(message);
            }
            3 => {
                let command = Command::Pong { context: Bytes::copy_from_slice(input.slice()) };
                model.command(&command);
                batch.push_command(&command);
            }
            4 => {
                if let Some(run) = run_of(&mut input, &mut model) {
                    batch.push_run(run);
                }
            }
            5 => assert_eq!(batch.pop(), model.pop()),
            6 | 7 => {
                let bytes = input.below(1 << 10);
                assert_eq!(batch.advance(bytes), model.advance(bytes));
            }
            8 => {
                let bytes = input.below(1 << 16);
                assert_eq!(batch.advance(bytes), model.advance(bytes));
            }
            9 => {
                batch.rewind();
                model.rewind();
            }
            10 => {
                let behind = input.below(1 << 10);
                assert_eq!(batch.discard_behind(behind), model.discard_behind(behind));
            }
            _ => (batch, model) = join(&mut input, batch, model),
        }
        model.check_counts(&batch);
        // Not always, because it is expensive with large bodies.
        if input.len().is_multiple_of(8) {
            model.check(&batch);
        }
    }
    while let Some(message) = model.pop() {
        assert_eq!(batch.pop(), Some(message));
    }
    assert_eq!(batch.pop(), None);
}

/// Joins two batches in one of three ways.
fn join(input: &mut Input<'_>, batch: Batch, model: Model) -> (Batch, Model) {
    let (mut other, mut other_model) = (Batch::new(), Model::default());
    for _ in 0..input.below(3) {
        let message = Message::from(input.slice());
        other_model.push(&message);
        other.push(message);
    }
    let written = input.below(8);
    assert_eq!(other.advance(written), other_model.advance(written));
    let (mut batch, mut model) = (batch, model);
    match input.byte() % 3 {
        0 => {
            batch.push_batch(&other);
            other_model.check(&other);
            model.items.extend(other_model.items);
            (batch, model)
        }
        1 => {
            batch.append(&mut other);
            assert!(other.is_empty());
            model.items.extend(other_model.items);
            (batch, model)
        }
        _ => {
            other.append(&mut batch);
            assert!(batch.is_empty());
            other_model.items.append(&mut model.items);
            (other, other_model)
        }
    }
}

/// A run of a few messages, as a decoder returns it.
fn run_of(input: &mut Input<'_>, model: &mut Model) -> Option<EncodedMessages> {
    let (mut batch, mut wire) = (Batch::new(), BytesMut::new());
    for _ in 0..1 + input.below(3) {
        let message = Message::multipart([input.slice(), input.slice()]);
        model.push(&message);
        batch.push(message);
    }
    while !batch.is_empty() {
        let chunk = batch.first_chunk().to_vec();
        batch.advance(chunk.len());
        wire.extend_from_slice(&chunk);
    }
    match Decoder::new(Limits::default()).decode(&mut wire, usize::MAX) {
        Ok(Some(Inbound::Messages(run))) => Some(run),
        other => panic!("{other:?}"),
    }
}

/// The expected content of a batch.
#[derive(Default)]
struct Model {
    items: VecDeque<Item>,
    /// The number of written bytes of the first item.
    written: usize,
}

struct Item {
    wire: Vec<u8>,
    /// `None` for a command.
    message: Option<Message>,
}

impl Model {
    fn push(&mut self, message: &Message) {
        let mut batch = Batch::new();
        batch.push(message.clone());
        self.items.push_back(Item { wire: wire_of(&batch), message: Some(message.clone()) });
    }

    fn command(&mut self, command: &Command) {
        let mut wire = Vec::new();
        command.encode(&mut wire);
        self.items.push_back(Item { wire, message: None });
    }

    fn messages(&self) -> usize {
        self.items.iter().filter(|item| item.message.is_some()).count()
    }

    fn wire(&self) -> Vec<u8> {
        let wire: Vec<u8> = self.items.iter().flat_map(|item| item.wire.clone()).collect();
        wire[self.written..].to_vec()
    }

    fn pop(&mut self) -> Option<Message> {
        if self.messages() == 0 {
            return None;
        }
        self.written = 0;
        loop {
            if let Some(message) = self.items.pop_front()?.message {
                return Some(message);
            }
        }
    }

    fn advance(&mut self, bytes: usize) -> usize {
        let before = self.messages();
        self.written = self.written.saturating_add(bytes);
        while let Some(first) = self.items.front()
            && first.wire.len() <= self.written
        {
            self.written -= first.wire.len();
            self.items.pop_front();
        }
        if self.items.is_empty() {
            self.written = 0;
        }
        before - self.messages()
    }

    fn rewind(&mut self) {
        self.items.retain(|item| item.message.is_some());
        self.written = 0;
    }

    fn discard_behind(&mut self, bytes: usize) -> usize {
        let (before, started) = (self.messages(), self.written + bytes);
        let mut passed = 0;
        self.items.retain(|item| {
            let is_started = passed < started;
            passed += item.wire.len();
            is_started || item.message.is_none()
        });
        before - self.messages()
    }

    fn check_counts(&self, batch: &Batch) {
        let bytes = self.items.iter().map(|item| item.wire.len()).sum::<usize>() - self.written;
        assert_eq!(batch.messages(), self.messages());
        assert_eq!(batch.bytes(), bytes);
        assert_eq!(batch.is_empty(), bytes == 0);
    }

    fn check(&self, batch: &Batch) {
        assert_eq!(wire_of(batch), self.wire());
    }
}

/// The bytes that a batch writes.
fn wire_of(batch: &Batch) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 1 << 10];
    let filled = batch.io_slices(&mut slices, usize::MAX);
    let wire: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
    assert!(wire.starts_with(batch.first_chunk()));
    wire
}
