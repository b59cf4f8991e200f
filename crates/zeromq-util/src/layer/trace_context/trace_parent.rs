//! A trace context and its text form.

use std::fmt;
use std::str::FromStr;

use zeromq_async::Frame;

/// The trace and span that a message comes from (W3C `traceparent`, with an optional `tracestate`).
///
/// ```
/// use zeromq_util::layer::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = text.parse()?;
/// assert_eq!(parent.trace_id()[..2], [0x4b, 0xf9]);
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), text);
/// # Ok::<_, zeromq_util::layer::TraceParentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    flags: u8,
    state: Option<Box<str>>,
}

/// The text is not a `traceparent`, or an id is all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent, as in 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
pub struct TraceParentError;

/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;

/// The longest `tracestate`, in bytes.
const MAX_STATE: usize = 512;

const PARENT: &str = "traceparent: ";
const STATE: &str = "\r\ntracestate: ";

impl TraceParent {
    /// Makes a context of the ids and flags.
    ///
    /// # Errors
    ///
    /// An id is all zero, which means that there is none.
    pub fn new(
        trace_id: [u8; 16],
        parent_id: [u8; 8],
        flags: u8,
    ) -> Result<Self, TraceParentError> {
        if trace_id == [0; 16] || parent_id == [0; 8] {
            return Err(TraceParentError);
        }
        Ok(Self { trace_id, parent_id, flags, state: None })
    }

    /// Sets the `tracestate`. It is left out if it is empty, longer than 512 bytes, or not printable
    /// ASCII.
    #[must_use]
    pub fn with_state(mut self, state: &str) -> Self {
        let is_plain = state.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits = (1..=MAX_STATE).contains(&state.len());
        self.state = (is_plain && fits).then(|| state.into());
        self
    }

    /// Returns the id of the trace.
    pub fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Returns the id of the parent span.
    pub fn parent_id(&self) -> [u8; 8] {
        self.parent_id
    }

    /// Returns the flags. Bit 0 says that the trace is recorded.
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns the `tracestate`, which vendors define.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    pub(super) fn to_frame(&self) -> Frame {
        let mut text = format!("{PARENT}{self}");
        if let Some(state) = &self.state {
            text.push_str(STATE);
            text.push_str(state);
        }
        text.into()
    }

    /// The frame that says that a message has no context.
    pub(super) fn none() -> Frame {
        PARENT.into()
    }

    /// Returns `None` if the frame is not a context, and `Some(None)` if it says that there is none.
    pub(super) fn from_frame(frame: &Frame) -> Option<Option<Self>> {
        // Checked first: the frame may be long, and is usually something else.
        let text = frame.strip_prefix(PARENT.as_bytes())?;
        if text.is_empty() {
            return Some(None);
        }
        let text = std::str::from_utf8(text).ok()?;
        let (parent, state) = match text.split_once(STATE) {
            Some((parent, state)) => (parent, Some(state)),
            None => (text, None),
        };
        let parent: Self = parent.parse().ok()?;
        let Some(state) = state else { return Some(Some(parent)) };
        let parent = parent.with_state(state);
        parent.state.is_some().then_some(Some(parent))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace_id = u128::from_be_bytes(self.trace_id);
        let parent_id = u64::from_be_bytes(self.parent_id);
        write!(f, "00-{trace_id:032x}-{parent_id:016x}-{:02x}", self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut fields = text.split('-');
        let mut next = |digits: usize| {
            let field = fields.next().filter(|field| field.len() == digits);
            let is_lower_hex = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
            field.filter(|field| field.bytes().all(is_lower_hex)).ok_or(TraceParentError)
        };
        let (version, trace_id, parent_id, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        // Later versions may have more fields. Version ff is invalid.
        if version == "ff" || (version == "00" && fields.next().is_some()) {
            return Err(TraceParentError);
        }
        let trace_id = u128::from_str_radix(trace_id, 16).map_err(|_| TraceParentError)?;
        let parent_id = u64::from_str_radix(parent_id, 16).map_err(|_| TraceParentError)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| TraceParentError)?;
        Self::new(trace_id.to_be_bytes(), parent_id.to_be_bytes(), flags)
    }
}
