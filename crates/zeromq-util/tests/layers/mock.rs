//! A socket whose other end is in the hand of the test.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::{Sink, Stream};
use tokio_test::task::{Spawn, spawn};
use zeromq_async::{Message, RecvError};
use zeromq_util::layer::{Layer, WithLayer};

/// A socket with room for no message, and none to receive, until the [`Remote`] says so.
#[derive(Debug)]
pub(crate) struct Mock(Arc<Mutex<State>>);

/// The other end of a [`Mock`].
#[derive(Debug)]
pub(crate) struct Remote(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    room: usize,
    failure: Option<Failure>,
    refusal: Option<Failure>,
    sent: Vec<Message>,
    flushes: usize,
    closed: bool,
    arriving: VecDeque<Result<Message, Failure>>,
    ended: bool,
    sender: Option<Waker>,
    receiver: Option<Waker>,
}

/// What went wrong with a [`Mock`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Of(&'static str),
    #[error(transparent)]
    Ended(#[from] RecvError),
}

/// A layer around a mock, as a task of its own, and the other end.
pub(crate) fn wrapped<L: Layer<Mock>>(layer: L) -> (Spawn<L::Service>, Remote) {
    let (mock, remote) = mock();
    (spawn(mock.with_layer(layer)), remote)
}

pub(crate) fn mock() -> (Mock, Remote) {
    let state = Arc::<Mutex<State>>::default();
    (Mock(state.clone()), Remote(state))
}

/// What a `Sink` in a [`Spawn`] is asked, with the waker of that task.
pub(crate) trait Ask<T, E> {
    fn poll_ready(&mut self) -> Poll<Result<(), E>>;
    fn start_send(&mut self, item: impl Into<T>) -> Result<(), E>;
    fn poll_flush(&mut self) -> Poll<Result<(), E>>;
    fn poll_close(&mut self) -> Poll<Result<(), E>>;
}

impl<T, S: Sink<T>> Ask<T, S::Error> for Spawn<S> {
    fn poll_ready(&mut self) -> Poll<Result<(), S::Error>> {
        self.enter(|cx, sink| sink.poll_ready(cx))
    }

    fn start_send(&mut self, item: impl Into<T>) -> Result<(), S::Error> {
        self.enter(|_, sink| sink.start_send(item.into()))
    }

    fn poll_flush(&mut self) -> Poll<Result<(), S::Error>> {
        self.enter(|cx, sink| sink.poll_flush(cx))
    }

    fn poll_close(&mut self) -> Poll<Result<(), S::Error>> {
        self.enter(|cx, sink| sink.poll_close(cx))
    }
}

impl Remote {
    fn with<R>(&self, then: impl FnOnce(&mut State) -> R) -> R {
        then(&mut self.0.lock().expect("no test panics in here"))
    }

    /// Makes room for so many more messages.
    pub(crate) fn make_room(&self, messages: usize) {
        let waker = self.with(|state| {
            state.room += messages;
            state.sender.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// Fails the next `poll_ready`.
    pub(crate) fn fail_sending(&self, failure: &'static str) {
        let waker = self.with(|state| {
            state.failure = Some(Failure::Of(failure));
            state.sender.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// Fails the next `start_send`.
    pub(crate) fn refuse(&self, failure: &'static str) {
        self.with(|state| state.refusal = Some(Failure::Of(failure)));
    }

    /// What was sent since this was last asked.
    pub(crate) fn sent(&self) -> Vec<Message> {
        self.with(|state| std::mem::take(&mut state.sent))
    }

    /// How often it was flushed.
    pub(crate) fn flushes(&self) -> usize {
        self.with(|state| state.flushes)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.with(|state| state.closed)
    }

    /// Has a message arrive.
    pub(crate) fn deliver(&self, message: impl Into<Message>) {
        self.arrive(Ok(message.into()));
    }

    /// Has an error arrive.
    pub(crate) fn fail_receiving(&self, failure: &'static str) {
        self.arrive(Err(Failure::Of(failure)));
    }

    fn arrive(&self, result: Result<Message, Failure>) {
        let waker = self.with(|state| {
            state.arriving.push_back(result);
            state.receiver.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends the stream after what has arrived.
    pub(crate) fn end(&self) {
        let waker = self.with(|state| {
            state.ended = true;
            state.receiver.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Sink<Message> for Mock {
    type Error = Failure;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let mut state = self.0.lock().expect("no test panics in here");
        if let Some(failure) = state.failure.take() {
            return Poll::Ready(Err(failure));
        }
        if state.room > 0 {
            return Poll::Ready(Ok(()));
        }
        state.sender = Some(cx.waker().clone());
        Poll::Pending
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Failure> {
        let mut state = self.0.lock().expect("no test panics in here");
        if let Some(refusal) = state.refusal.take() {
            return Err(refusal);
        }
        state.room = state.room.checked_sub(1).expect("poll_ready comes before start_send");
        state.sent.push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.0.lock().expect("no test panics in here").flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.0.lock().expect("no test panics in here").closed = true;
        Poll::Ready(Ok(()))
    }
}

impl Stream for Mock {
    type Item = Result<Message, Failure>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock().expect("no test panics in here");
        match state.arriving.pop_front() {
            Some(result) => Poll::Ready(Some(result)),
            None if state.ended => Poll::Ready(None),
            None => {
                state.receiver = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
