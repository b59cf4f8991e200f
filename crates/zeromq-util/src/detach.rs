//! Small copies of frames that are part of large buffers.

use std::any::Any;

use bytes::Bytes;
use zeromq_async::{Frame, Message};

/// Frames from this size on are not copied: their buffer is seldom much larger.
const LARGE: usize = 64 * 1024;

/// Copies small frames, so that keeping them does not keep a large buffer alive.
///
/// Knows frames, bytes and messages, and options and lists of them. Other types stay as they are.
pub(crate) fn detach<T: 'static>(kept: &mut T) {
    let kept: &mut dyn Any = kept;
    if let Some(message) = kept.downcast_mut::<Message>() {
        detach_message(message);
    } else if let Some(frame) = kept.downcast_mut::<Frame>() {
        detach_frame(frame);
    } else if let Some(Some(frame)) = kept.downcast_mut::<Option<Frame>>() {
        detach_frame(frame);
    } else if let Some(frames) = kept.downcast_mut::<Vec<Frame>>() {
        frames.iter_mut().for_each(detach_frame);
    } else if let Some(bytes) = kept.downcast_mut::<Bytes>() {
        detach_bytes(bytes);
    } else if let Some(Some(bytes)) = kept.downcast_mut::<Option<Bytes>>() {
        detach_bytes(bytes);
    } else if let Some(all) = kept.downcast_mut::<Vec<Bytes>>() {
        all.iter_mut().for_each(detach_bytes);
    }
}

fn detach_message(message: &mut Message) {
    if message.frames().iter().any(is_small) {
        let mut frames = std::mem::take(message).into_frames();
        frames.iter_mut().for_each(detach_frame);
        *message = match <[Frame; 1]>::try_from(frames) {
            Ok([frame]) => frame.into(),
            Err(frames) => frames.into(),
        };
    }
}

fn detach_frame(frame: &mut Frame) {
    if is_small(frame) {
        *frame = Frame::copy_from_slice(frame);
    }
}

fn detach_bytes(bytes: &mut Bytes) {
    if bytes.len() < LARGE {
        *bytes = Bytes::copy_from_slice(bytes);
    }
}

/// Inline frames are not part of a buffer.
fn is_small(frame: &Frame) -> bool {
    (Frame::INLINE + 1..LARGE).contains(&frame.len())
}
