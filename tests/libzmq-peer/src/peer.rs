//! `Peer`: a libzmq socket on a thread of its own, asked through a channel and answering through
//! futures.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, mpsc};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::context::Context;
use crate::error::Error;
use crate::monitor::{EventKind, Monitor, MonitorEvent};
use crate::opt::Opt;
use crate::socket::{Socket, SocketKind};

/// How long a peer waits for anything before it answers with [`Error::Deadline`], unless told.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long a [`Reply`] waits for a thread that does not even say that: one in a closure that does
/// not return.
const NO_ANSWER: Duration = Duration::from_secs(40);

/// How long the thread waits for libzmq before it looks whether it was asked for something else.
const SLICE: Duration = Duration::from_millis(2);

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// A libzmq socket on its own thread.
///
/// What is asked of it is done in order, from the moment of asking and whether or not the [`Reply`]
/// is awaited; only [`recv`](Self::recv) and [`event`](Self::event) wait aside, each in a queue of
/// its own, and hold nothing up. Waits end after 20 s, or 40 s in a closure, with an error that
/// says what was awaited. The socket's `RCVTIMEO` and `SNDTIMEO` are that long too.
///
/// Dropping it closes the socket with what is unsent, unless `LINGER` was set, and waits for the
/// thread.
#[derive(Debug)]
pub struct Peer {
    kind: SocketKind,
    endpoint: String,
    context: Context,
    owns_context: bool,
    deadline: Duration,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// A peer with a context of its own. `setup` runs on its thread and sets options, binds and
    /// connects; what it returns is dropped.
    ///
    /// # Errors
    ///
    /// Those of `setup`.
    pub fn spawn<T, S>(kind: SocketKind, setup: S) -> Result<Self, Error>
    where
        S: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        Self::start(Context::new()?, true, kind, setup)
    }

    /// A peer in `context`: for inproc, and for a ZAP handler.
    ///
    /// # Errors
    ///
    /// Those of `setup`.
    pub fn spawn_in<T, S>(context: &Context, kind: SocketKind, setup: S) -> Result<Self, Error>
    where
        S: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        Self::start(context.clone(), false, kind, setup)
    }

    fn start<T, S>(
        context: Context,
        owns_context: bool,
        kind: SocketKind,
        setup: S,
    ) -> Result<Self, Error>
    where
        S: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        let (jobs, queue) = mpsc::channel();
        let in_context = context.clone();
        let (sender, reply) = Reply::new(format!("{kind:?}: setup"));
        let thread = thread::Builder::new()
            .name(format!("libzmq {kind:?}"))
            .spawn(move || match Worker::new(&in_context, kind, setup) {
                Ok((worker, endpoint)) => {
                    drop(in_context);
                    let _ = sender.send(Ok(endpoint));
                    worker.run(&queue);
                }
                Err(error) => drop(sender.send(Err(error))),
            })
            .expect("the system has room for one more thread");
        let endpoint = reply.wait()?;
        Ok(Self {
            kind,
            endpoint,
            context,
            owns_context,
            deadline: DEADLINE,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// With another end, up to 40 s, to the waits of [`recv`](Self::recv) and
    /// [`event`](Self::event).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Where `setup` bound it last, or else connected it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The context it lives in.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Sends a message.
    pub fn send<I>(&self, frames: I) -> Reply<()>
    where
        I: IntoIterator,
        I::Item: Into<Vec<u8>>,
    {
        let frames: Vec<Vec<u8>> = frames.into_iter().map(Into::into).collect();
        let (sender, reply) = Reply::new(format!("{:?}: send {} frames", self.kind, frames.len()));
        self.ask(move |worker| {
            // Reading it makes libzmq look for subscriptions and new peers now, and not at some
            // later send.
            let _ = worker.socket.get_i32(Opt::EVENTS);
            let _ = sender.send(worker.socket.send(&frames));
        });
        reply
    }

    /// Receives a message. Those who ask first are served first.
    ///
    /// A message whose [`Reply`] is dropped before it comes goes to the next who asks.
    pub fn recv(&self) -> Reply<Vec<Vec<u8>>> {
        let (sender, reply) = Reply::new(format!("{:?}: a message", self.kind));
        let waiter = Waiter::new(sender, &reply.waited_for, self.deadline);
        self.ask(move |worker| worker.receivers.push_back(waiter));
        reply
    }

    /// Waits for the next event of `kind`, or takes it if it has already been. Each event is
    /// answered once, and those of other kinds stay for whoever asks.
    pub fn event(&self, kind: EventKind) -> Reply<MonitorEvent> {
        let (sender, reply) = Reply::new(format!("{:?}: the event {kind:?}", self.kind));
        let waiter = Waiter::new(sender, &reply.waited_for, self.deadline);
        self.ask(move |worker| worker.watchers.push((kind, waiter)));
        reply
    }

    /// Runs a closure on the peer's thread, with its socket. Nothing else happens there until it
    /// returns.
    ///
    /// It must not make a [`Monitor`]: the peer has one, for [`event`](Self::event).
    pub fn run<T, F>(&self, closure: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        let (sender, reply) = Reply::new(format!("{:?}: run a closure", self.kind));
        self.ask(move |worker| drop(sender.send(closure(&worker.socket))));
        reply
    }

    /// Closes the socket after everything asked before, and waits until it is closed and, if the
    /// context was the peer's own, terminated: `LINGER` is over.
    ///
    /// # Errors
    ///
    /// When the thread has panicked, or does not end in time.
    pub async fn stop(mut self) -> Result<(), Error> {
        let (closed, reply) = Reply::<()>::new(format!("{:?}: stop", self.kind));
        let (jobs, thread, context) = (self.jobs.take(), self.thread.take(), self.context.clone());
        drop(self);
        drop(jobs);
        thread::spawn(move || {
            let ended = thread.map_or(Ok(()), JoinHandle::join);
            drop(context);
            if ended.is_ok() {
                let _ = closed.send(Ok(()));
            }
        });
        reply.await
    }

    fn ask(&self, job: impl FnOnce(&mut Worker) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // A thread that has ended drops the job and its sender with it, which is the answer.
            let _ = jobs.send(Box::new(job));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let (Some(jobs), Some(thread)) = (self.jobs.take(), self.thread.take()) {
            drop(jobs);
            if !thread::panicking() {
                let _ = thread.join();
            } else if self.owns_context {
                self.context.shutdown();
            }
        }
    }
}

/// An answer that will come: await it, or [`wait`](Self::wait) for it.
#[derive(Debug)]
#[must_use = "an error is told here"]
pub struct Reply<T> {
    answer: oneshot::Receiver<Result<T, Error>>,
    waited_for: String,
    asked: Instant,
    /// Who is woken when there is no answer in time.
    alarm: Option<Waker>,
}

impl<T> Reply<T> {
    fn new(waited_for: String) -> (oneshot::Sender<Result<T, Error>>, Self) {
        let (sender, answer) = oneshot::channel();
        (sender, Self { answer, waited_for, asked: Instant::now(), alarm: None })
    }

    /// Waits for the answer on this thread.
    ///
    /// # Errors
    ///
    /// As if it were awaited.
    pub fn wait(mut self) -> Result<T, Error> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            if let Poll::Ready(answer) =
                Pin::new(&mut self).poll(&mut TaskContext::from_waker(&waker))
            {
                return answer;
            }
            thread::park();
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(cx) {
            return Poll::Ready(
                answer.unwrap_or_else(|_| Err(Error::Gone { waited_for: self.waited_for.clone() })),
            );
        }
        if self.asked.elapsed() >= NO_ANSWER {
            return Poll::Ready(Err(Error::Deadline {
                waited_for: self.waited_for.clone(),
                after: NO_ANSWER,
            }));
        }
        if !self.alarm.as_ref().is_some_and(|alarm| alarm.will_wake(cx.waker())) {
            let _ = ALARMS.send((Instant::now(), cx.waker().clone()));
            self.alarm = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Wakes whoever is sent here, [`NO_ANSWER`] later. It has a thread, not a runtime's timers, so
/// that paused time does not matter; and they come in the order in which they are due.
static ALARMS: LazyLock<mpsc::Sender<(Instant, Waker)>> = LazyLock::new(|| {
    let (sender, alarms) = mpsc::channel::<(Instant, Waker)>();
    thread::spawn(move || {
        for (set, waker) in alarms {
            thread::sleep((set + NO_ANSWER).saturating_duration_since(Instant::now()));
            waker.wake();
        }
    });
    sender
});

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Somebody who waits for something to arrive.
struct Waiter<T> {
    sender: oneshot::Sender<Result<T, Error>>,
    waited_for: String,
    asked: Instant,
    deadline: Duration,
}

impl<T> Waiter<T> {
    fn new(
        sender: oneshot::Sender<Result<T, Error>>,
        waited_for: &str,
        deadline: Duration,
    ) -> Self {
        let (waited_for, asked) = (waited_for.to_owned(), Instant::now());
        Self { sender, waited_for, asked, deadline }
    }

    /// The waiter, unless it has given up or its time is over.
    fn still(self, also: impl FnOnce() -> String) -> Option<Self> {
        if self.sender.is_closed() {
            return None;
        }
        if self.asked.elapsed() < self.deadline {
            return Some(self);
        }
        let (waited_for, after) = (format!("{}{}", self.waited_for, also()), self.deadline);
        let _ = self.sender.send(Err(Error::Deadline { waited_for, after }));
        None
    }
}

/// What the thread has.
struct Worker {
    socket: Socket,
    monitor: Monitor,
    receivers: VecDeque<Waiter<Vec<Vec<u8>>>>,
    watchers: Vec<(EventKind, Waiter<MonitorEvent>)>,
    /// Messages whose receivers went away at the last moment.
    unclaimed: VecDeque<Vec<Vec<u8>>>,
    /// Events that nobody has asked for yet.
    events: Vec<MonitorEvent>,
}

impl Worker {
    fn new<T, S>(context: &Context, kind: SocketKind, setup: S) -> Result<(Self, String), Error>
    where
        S: FnOnce(&Socket) -> Result<T, Error>,
    {
        let socket = Socket::new(context, kind)?;
        let ms = i32::try_from(DEADLINE.as_millis()).unwrap_or(i32::MAX);
        socket.set_i32(Opt::RCVTIMEO, ms)?;
        socket.set_i32(Opt::SNDTIMEO, ms)?;
        let monitor = socket.monitor()?;
        setup(&socket)?;
        let endpoint = socket.last_endpoint()?;
        let worker = Self {
            socket,
            monitor,
            receivers: VecDeque::new(),
            watchers: Vec::new(),
            unclaimed: VecDeque::new(),
            events: Vec::new(),
        };
        Ok((worker, endpoint))
    }

    /// Does what is asked until nobody can ask any more.
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        loop {
            let job = match (self.receivers.is_empty(), self.watchers.is_empty()) {
                (true, true) => jobs.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
                (true, false) => jobs.recv_timeout(SLICE),
                (false, _) => jobs.recv_timeout(Duration::ZERO),
            };
            match job {
                Ok(job) => job(&mut self),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            self.receive();
            self.watch();
        }
    }

    /// Gives the next message to the first in the queue.
    fn receive(&mut self) {
        let waiting = std::mem::take(&mut self.receivers);
        self.receivers =
            waiting.into_iter().filter_map(|waiter| waiter.still(String::new)).collect();
        let Some(first) = self.receivers.pop_front() else {
            return;
        };
        let received = match self.unclaimed.pop_front() {
            Some(message) => Ok(Some(message)),
            None => self.socket.recv_timeout(SLICE),
        };
        match received.transpose() {
            None => self.receivers.push_front(first),
            Some(answer) => {
                if let Err(Ok(message)) = first.sender.send(answer) {
                    self.unclaimed.push_front(message);
                }
            }
        }
    }

    /// Gives events to those who wait for them.
    fn watch(&mut self) {
        while let Ok(Some(event)) = self.monitor.recv_timeout(Duration::ZERO) {
            self.events.push(event);
        }
        for (kind, waiter) in std::mem::take(&mut self.watchers) {
            let Some(waiter) = waiter.still(|| format!("; there were {:?}", self.events)) else {
                continue;
            };
            match self.events.iter().position(|event| event.kind == kind) {
                Some(at) => drop(waiter.sender.send(Ok(self.events.remove(at)))),
                None => self.watchers.push((kind, waiter)),
            }
        }
    }
}
