//! What is kept of messages, copied out of the buffers that it is a part of.

use std::any::Any;

use bytes::Bytes;
use zeromq_async::{Frame, Message};

/// Pieces from this size on are kept as they are: the buffer is seldom much larger.
const LARGE: usize = 64 * 1024;

/// Copies small pieces of messages, so that keeping them keeps nothing else.
///
/// A frame may be a small part of a large buffer, which lives as long as the frame does. This knows
/// frames, bytes and messages, and options and lists of them; all else stays as it is.
pub(crate) fn detach<T: 'static>(kept: &mut T) {
    let kept: &mut dyn Any = kept;
    if let Some(message) = kept.downcast_mut::<Message>() {
        message_of(message);
    } else if let Some(frame) = kept.downcast_mut::<Frame>() {
        frame_of(frame);
    } else if let Some(Some(frame)) = kept.downcast_mut::<Option<Frame>>() {
        frame_of(frame);
    } else if let Some(frames) = kept.downcast_mut::<Vec<Frame>>() {
        frames.iter_mut().for_each(frame_of);
    } else if let Some(bytes) = kept.downcast_mut::<Bytes>() {
        bytes_of(bytes);
    } else if let Some(Some(bytes)) = kept.downcast_mut::<Option<Bytes>>() {
        bytes_of(bytes);
    } else if let Some(all) = kept.downcast_mut::<Vec<Bytes>>() {
        all.iter_mut().for_each(bytes_of);
    }
}

fn message_of(message: &mut Message) {
    if message.frames().iter().any(is_small) {
        let mut frames = std::mem::take(message).into_frames();
        frames.iter_mut().for_each(frame_of);
        *message = match <[Frame; 1]>::try_from(frames) {
            Ok([frame]) => frame.into(),
            Err(frames) => frames.into(),
        };
    }
}

fn frame_of(frame: &mut Frame) {
    if is_small(frame) {
        *frame = Frame::copy_from_slice(frame);
    }
}

fn bytes_of(bytes: &mut Bytes) {
    if bytes.len() < LARGE {
        *bytes = Bytes::copy_from_slice(bytes);
    }
}

/// Frames that are part of no buffer are not copied.
fn is_small(frame: &Frame) -> bool {
    (Frame::INLINE + 1..LARGE).contains(&frame.len())
}
