//! `Peer`: a libzmq socket on its own thread, with an async interface.

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

/// The default time limit of a wait, after which it fails with [`Error::Deadline`].
const DEADLINE: Duration = Duration::from_secs(60);

/// The time limit of a [`Reply`] when the thread does not answer, because a closure does not
/// return.
const NO_ANSWER: Duration = Duration::from_secs(40);

/// The longest wait for libzmq before the thread checks for new jobs.
const SLICE: Duration = Duration::from_millis(2);

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// A libzmq socket on its own thread.
///
/// Calls start their job at once, whether or not the [`Reply`] is awaited, and jobs run in order.
/// Only [`recv`](Self::recv) and [`event`](Self::event) wait in separate queues and do not delay
/// other jobs. A wait fails after 20 s, or after 40 s in a closure, with an error that describes
/// it. `RCVTIMEO` and `SNDTIMEO` of the socket are 20 s too.
///
/// Dropping a peer closes the socket, discards unsent messages unless `LINGER` was set, and waits
/// for the thread.
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
    /// Starts a peer with its own context. `setup` runs on its thread to set options, bind and
    /// connect. Its result is dropped.
    ///
    /// # Errors
    ///
    /// The error of `setup`.
    pub fn spawn<T, S>(kind: SocketKind, setup: S) -> Result<Self, Error>
    where
        S: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        Self::start(Context::new()?, true, kind, setup)
    }

    /// Starts a peer in `context`, for inproc or for a ZAP handler.
    ///
    /// # Errors
    ///
    /// The error of `setup`.
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

    /// Sets the time limit of [`recv`](Self::recv) and [`event`](Self::event), up to 40 s.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The endpoint that `setup` bound last, or connected.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The context of the peer.
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
            // Reading the option makes libzmq process subscriptions and new peers now, not at a
            // later send.
            let _ = worker.socket.get_i32(Opt::EVENTS);
            let _ = sender.send(worker.socket.send(&frames));
        });
        reply
    }

    /// Receives a message. Calls are served in order.
    ///
    /// If the [`Reply`] is dropped, its message goes to the next call.
    pub fn recv(&self) -> Reply<Vec<Vec<u8>>> {
        let (sender, reply) = Reply::new(format!("{:?}: a message", self.kind));
        let waiter = Waiter::new(sender, &reply.waited_for, self.deadline);
        self.ask(move |worker| worker.receivers.push_back(waiter));
        reply
    }

    /// Waits for the next event of `kind`, including past events. Each event is returned once.
    /// Events of other kinds stay for later calls.
    pub fn event(&self, kind: EventKind) -> Reply<MonitorEvent> {
        let (sender, reply) = Reply::new(format!("{:?}: the event {kind:?}", self.kind));
        let waiter = Waiter::new(sender, &reply.waited_for, self.deadline);
        self.ask(move |worker| worker.watchers.push((kind, waiter)));
        reply
    }

    /// Runs a closure with the socket on the peer's thread. Other jobs wait until it returns.
    ///
    /// The closure must not create a [`Monitor`], because the peer has one for
    /// [`event`](Self::event).
    pub fn run<T, F>(&self, closure: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    {
        let (sender, reply) = Reply::new(format!("{:?}: run a closure", self.kind));
        self.ask(move |worker| drop(sender.send(closure(&worker.socket))));
        reply
    }

    /// Closes the socket after all earlier jobs, and waits until it is closed. If the peer has its
    /// own context, waits until that is terminated, which includes `LINGER`.
    ///
    /// # Errors
    ///
    /// The thread panicked or did not end in time.
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
            // If the thread has ended, the job and its sender are dropped, which completes the
            // reply.
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

/// The result of a job. Await it, or block with [`wait`](Self::wait).
#[derive(Debug)]
#[must_use = "the reply may be an error"]
pub struct Reply<T> {
    answer: oneshot::Receiver<Result<T, Error>>,
    waited_for: String,
    asked: Instant,
    /// The waker for the time limit.
    alarm: Option<Waker>,
}

impl<T> Reply<T> {
    fn new(waited_for: String) -> (oneshot::Sender<Result<T, Error>>, Self) {
        let (sender, answer) = oneshot::channel();
        (sender, Self { answer, waited_for, asked: Instant::now(), alarm: None })
    }

    /// Blocks this thread until the result is available.
    ///
    /// # Errors
    ///
    /// The same errors as awaiting it.
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

/// Wakes each received waker after [`NO_ANSWER`]. It uses a thread and not the timers of a runtime,
/// so that paused time has no effect. Wakers arrive in the order in which they are due.
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

/// A pending call that waits for a message or an event.
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

    /// Returns the waiter unless its reply was dropped or its deadline has passed.
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

/// The state of the thread.
struct Worker {
    socket: Socket,
    monitor: Monitor,
    receivers: VecDeque<Waiter<Vec<Vec<u8>>>>,
    watchers: Vec<(EventKind, Waiter<MonitorEvent>)>,
    /// Messages for receivers that were dropped at the last moment.
    unclaimed: VecDeque<Vec<Vec<u8>>>,
    /// Events that were not requested yet.
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

    /// Runs jobs until all senders are dropped.
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

    /// Delivers the next message to the first waiter.
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

    /// Delivers events to their waiters.
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
