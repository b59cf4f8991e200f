use std::io::IoSlice;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn message_encodes_as_its_frames() {
    let mut batch = Batch::new();
    batch.push(Message::from("a"));
    batch.push(Message::multipart(["", "b"]));
    batch.push(Message::from(vec![b'x'; 256]));
    let wire = unwritten(&batch);
    assert_eq!(wire[..8], *b"\x00\x01a\x01\x00\x00\x01b");
    assert_eq!(wire[8..17], *b"\x02\0\0\0\0\0\0\x01\x00");
    assert_eq!((batch.messages(), batch.bytes()), (3, 8 + 9 + 256));
}

#[test]
fn frameless_message_encodes_one_empty_frame() {
    let mut batch = Batch::new();
    batch.push(Message::from(Vec::<Frame>::new()));
    assert_eq!(batch.first_chunk(), [0, 0]);
    assert_eq!(batch.pop(), Some(Message::new()));
}

#[test]
fn large_body_is_not_copied() {
    let body = Bytes::from(vec![1; Batch::CHAIN_THRESHOLD]);
    let mut batch = Batch::new();
    batch.push(Message::multipart([Bytes::from_static(b"topic"), body.clone()]));
    let popped = batch.pop().unwrap();
    assert_eq!(popped.last().unwrap().as_ptr(), body.as_ptr());
    assert!(batch.is_empty());
}

#[test]
fn only_large_run_bodies_are_shared() {
    let mut wire = Batch::new();
    wire.push(Message::from(vec![1; EncodedMessages::COPY_THRESHOLD - 1]));
    wire.push(Message::from(vec![2; EncodedMessages::COPY_THRESHOLD]));
    let run = run_of(&wire);
    let memory = run.bytes.as_ptr_range();
    let is_shared: Vec<_> = run
        .into_iter()
        .map(|message| memory.contains(&message.first().unwrap().as_ptr()))
        .collect();
    assert_eq!(is_shared, [false, true]);
}

#[test]
fn messages_without_group_are_found() {
    use crate::error::PeerMisbehaved;
    use crate::group::GroupError;

    let check = |frames: &[usize]| {
        let valid = Message::multipart(["a", "b"]);
        let message = frames.iter().map(|size| vec![b'x'; *size]).collect();
        run_of(&batch_of(&[valid, message])).check_grouped()
    };
    for valid in [[0, 0], [255, 70_000], [1, 300]] {
        assert_eq!(check(&valid), Ok(()));
    }
    assert_eq!(check(&[1]), Err(PeerMisbehaved::Ungrouped));
    assert_eq!(check(&[1, 1, 1]), Err(PeerMisbehaved::Ungrouped));
    assert_eq!(check(&[256, 1]), Err(PeerMisbehaved::Group(GroupError::TooLong(256))));
}

#[test]
fn a_small_part_of_a_buffer_is_copied() {
    let message = Message::from(vec![1; 500]);
    for (memory, is_copied) in [(0, false), (503 * 16 - 1, false), (509 * 16, true)] {
        let run = run_of(&batch_of(std::slice::from_ref(&message))).cut_from(memory);
        let mut batch = Batch::new();
        batch.push_run(run);
        assert_eq!(batch.chained.is_empty(), is_copied, "{memory}");
        assert_eq!((batch.messages(), batch.bytes()), (1, 509));
        assert_eq!(batch.pop().as_ref(), Some(&message));
    }
    // Chained bodies are not among the small bytes.
    let large = Message::from(vec![1; Batch::CHAIN_THRESHOLD]);
    let mut batch = Batch::new();
    batch.push_run(run_of(&batch_of(std::slice::from_ref(&large))).cut_from(1 << 30));
    assert!(!batch.chained.is_empty());
    assert_eq!(batch.pop(), Some(large));
}

#[test]
fn partly_written_message_is_kept() {
    let mut batch = Batch::new();
    batch.extend(["one", "two", "six"].map(Message::from));
    assert_eq!(batch.advance(6), 1, "all of the first, one byte of the second");
    assert_eq!(batch.first_chunk(), b"\x03two\0\x03six");
    assert_eq!((batch.messages(), batch.bytes()), (2, 9));
    batch.rewind();
    assert_eq!(batch.first_chunk(), b"\0\x03two\0\x03six");
    assert_eq!(batch.advance(10), 2);
    assert!(batch.is_empty());
}

#[test]
fn control_bytes_end_with_the_connection() {
    let mut batch = Batch::new();
    batch.push_control(Bytes::from_static(b"\x00\x02\x01a"));
    batch.push(Message::from("hello"));
    batch.push_control(Bytes::from_static(b"\x00\x02\x01b"));
    assert_eq!(batch.messages(), 1);
    assert_eq!(unwritten(&batch), b"\x00\x02\x01a\x00\x05hello\x00\x02\x01b");
    let mut copy = batch.clone();
    assert_eq!(copy.advance(5), 0);
    assert_eq!(unwritten(&copy), b"\x05hello\x00\x02\x01b");
    copy.rewind();
    assert_eq!(unwritten(&copy), b"\x00\x05hello");
    assert_eq!(batch.pop(), Some(Message::from("hello")));
    assert_eq!(batch.pop(), None);
    assert_eq!(batch.bytes(), 4, "what follows the last message is still to be written");
}

#[test]
fn emptied_batch_keeps_only_small_buffer() {
    let mut batch = Batch::new();
    assert_eq!(batch.small.capacity(), 0);
    batch.push(Message::from(vec![0; 1000]));
    batch.clear();
    assert!(batch.small.capacity() >= 1000);
    batch.extend((0..200).map(|_| Message::from(vec![0; 1000])));
    batch.advance(batch.bytes());
    assert_eq!(batch.small.capacity(), 0);
}

#[test]
fn never_empty_batch_does_not_grow() {
    let mut batch = Batch::new();
    for n in 0..100_000_u32 {
        batch.push(Message::from(n.to_be_bytes()));
        if n >= 10 {
            assert_eq!(batch.pop(), Some(Message::from((n - 10).to_be_bytes())));
        }
    }
    assert!(batch.small.capacity() < 1024, "{}", batch.small.capacity());
}

/// An operation on a batch.
#[derive(Clone, Debug)]
enum Step {
    Push(Message),
    PushBatch(Vec<Message>),
    PushRun(Vec<Message>),
    /// A run from a buffer of this size.
    PushPart(Vec<Message>, usize),
    Append(Vec<Message>),
    Control,
    Pop,
    /// A number of thousandths of the unwritten bytes.
    Advance(usize),
    Rewind,
    DiscardUnstarted,
}

/// The expected content of a batch: messages and control bytes in wire form, and the written part of
/// the first.
#[derive(Default)]
struct Model {
    items: VecDeque<Item>,
    written: usize,
}

struct Item {
    wire: Vec<u8>,
    message: Option<Message>,
}

impl Model {
    fn push(&mut self, message: Message) {
        let mut wire = Vec::new();
        for (index, frame) in message.frames().iter().enumerate() {
            FrameHeader::message(frame.len(), index + 1 < message.frame_count()).encode(&mut wire);
            wire.extend_from_slice(frame);
        }
        self.items.push_back(Item { wire, message: Some(message) });
    }

    fn control(&mut self) {
        self.items.push_back(Item { wire: CONTROL.to_vec(), message: None });
    }

    fn messages(&self) -> usize {
        self.items.iter().filter(|item| item.message.is_some()).count()
    }

    fn pop(&mut self) -> Option<Message> {
        if self.messages() == 0 {
            return None;
        }
        self.written = 0;
        std::iter::from_fn(|| self.items.pop_front()).find_map(|item| item.message)
    }

    fn advance(&mut self, bytes: usize) -> usize {
        self.written += bytes;
        let mut completed = 0;
        while let Some(item) = self.items.front()
            && item.wire.len() <= self.written
        {
            self.written -= item.wire.len();
            completed += usize::from(item.message.is_some());
            self.items.pop_front();
        }
        completed
    }

    fn rewind(&mut self) {
        self.written = 0;
        self.items.retain(|item| item.message.is_some());
    }

    fn discard_unstarted(&mut self) -> usize {
        let before = self.messages();
        let mut is_started = self.written > 0;
        self.items.retain(|item| std::mem::take(&mut is_started) || item.message.is_none());
        before - self.messages()
    }

    fn unwritten(&self) -> Vec<u8> {
        let wire: Vec<u8> = self.items.iter().flat_map(|item| item.wire.clone()).collect();
        wire[self.written..].to_vec()
    }
}

const CONTROL: &[u8] = b"\x00\x03\x01ab";

fn batch_of(messages: &[Message]) -> Batch {
    let mut batch = Batch::new();
    batch.extend(messages.iter().cloned());
    batch
}

fn run_of(batch: &Batch) -> EncodedMessages {
    EncodedMessages::new(unwritten(batch).into(), batch.messages())
}

fn unwritten(batch: &Batch) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 512];
    let filled = batch.io_slices(&mut slices, usize::MAX);
    assert!(filled < 512, "enough slices for everything");
    let bytes: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
    assert_eq!(batch.first_chunk(), slices[..filled.min(1)].first().map_or(&[][..], |s| s));
    bytes
}

fn frames() -> impl Strategy<Value = Frame> {
    let sizes = prop_oneof![
        6 => 0..80_usize,
        2 => 200..300_usize,
        1 => Batch::CHAIN_THRESHOLD - 2..Batch::CHAIN_THRESHOLD + 2,
    ];
    (sizes, any::<u8>()).prop_map(|(size, byte)| vec![byte; size].into())
}

fn messages() -> impl Strategy<Value = Message> {
    vec(frames(), 1..4).prop_map(Message::from)
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => messages().prop_map(Step::Push),
        1 => vec(messages(), 0..4).prop_map(Step::PushBatch),
        2 => vec(messages(), 0..4).prop_map(Step::PushRun),
        2 => (vec(messages(), 0..4), 0..10_000_usize).prop_map(|(messages, memory)| {
            Step::PushPart(messages, memory)
        }),
        1 => vec(messages(), 0..4).prop_map(Step::Append),
        1 => Just(Step::Control),
        3 => Just(Step::Pop),
        3 => (0..=1000_usize).prop_map(Step::Advance),
        1 => Just(Step::Rewind),
        1 => Just(Step::DiscardUnstarted),
    ]
}

fn apply(step: Step, batch: &mut Batch, model: &mut Model) {
    match step {
        Step::Push(message) => {
            batch.push(message.clone());
            model.push(message);
        }
        Step::PushBatch(messages) => {
            // Messages have been taken from the other batch too.
            let mut other = run_and_rest(&messages);
            other.pop();
            batch.push_batch(&other);
            messages.into_iter().skip(1).for_each(|message| model.push(message));
        }
        Step::PushRun(messages) => {
            batch.push_run(run_of(&batch_of(&messages)));
            messages.into_iter().for_each(|message| model.push(message));
        }
        Step::PushPart(messages, memory) => {
            batch.push_run(run_of(&batch_of(&messages)).cut_from(memory));
            messages.into_iter().for_each(|message| model.push(message));
        }
        Step::Append(messages) => {
            let mut other = run_and_rest(&messages);
            other.advance(1);
            batch.append(&mut other);
            assert!(other.is_empty());
            messages.into_iter().for_each(|message| model.push(message));
        }
        Step::Control => {
            batch.push_control(Bytes::from_static(CONTROL));
            model.control();
        }
        Step::Pop => assert_eq!(batch.pop(), model.pop()),
        Step::Advance(thousandths) => {
            let bytes = batch.bytes() * thousandths / 1000;
            assert_eq!(batch.advance(bytes), model.advance(bytes));
        }
        Step::DiscardUnstarted => assert_eq!(batch.discard_unstarted(), model.discard_unstarted()),
        Step::Rewind => {
            batch.rewind();
            model.rewind();
        }
    }
}

/// A batch that starts with a run of two messages.
fn run_and_rest(messages: &[Message]) -> Batch {
    let (run, rest) = messages.split_at(messages.len().min(2));
    let mut batch = Batch::new();
    batch.push_run(run_of(&batch_of(run)));
    batch.extend(rest.iter().cloned());
    batch
}

proptest! {
    #[test]
    fn batch_matches_a_message_queue(steps in vec(steps(), 0..40)) {
        let (mut batch, mut model) = (Batch::new(), Model::default());
        for step in steps {
            apply(step, &mut batch, &mut model);
            prop_assert_eq!(unwritten(&batch), model.unwritten());
            prop_assert_eq!(batch.bytes(), model.unwritten().len());
            prop_assert_eq!(batch.messages(), model.messages());
        }
        let rest: Vec<_> = std::iter::from_fn(|| batch.pop()).collect();
        let expected: Vec<_> = std::iter::from_fn(|| model.pop()).collect();
        prop_assert_eq!(rest, expected);
    }

    #[test]
    fn run_yields_its_messages_unchanged(messages in vec(messages(), 0..8)) {
        let run = run_of(&batch_of(&messages));
        prop_assert_eq!(run.messages(), messages.len());
        prop_assert_eq!(run.into_iter().collect::<Vec<_>>(), messages);
    }
}
