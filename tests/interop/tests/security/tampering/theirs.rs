//! The sockets of libzmq: many clients on one thread, and a server on another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use interop::{Frames, TCP};
use libzmq_peer::{Context, Error, Opt, Socket, SocketKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq_async::Endpoint;

use super::{Keys, MAX_MESSAGE};
use support::faulty_exchange::{ExchangeSocket, Requests};

/// DEALERs of libzmq, all on one thread.
///
/// They are no [`libzmq_peer::Peer`]s, because those have monitors: reporting a decryption error
/// overwrites the `errno` by which libzmq decides to close the connection.
pub(super) struct Clients {
    keys: Keys,
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Members) -> Result<(), Error> + Send>;

struct Members {
    context: Context,
    sockets: HashMap<String, (Socket, UnboundedSender<Frames>)>,
}

impl Clients {
    pub(super) fn start(keys: &Keys) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::spawn(move || {
            let context = Context::new().expect("a context");
            let mut members = Members { context, sockets: HashMap::new() };
            loop {
                match queue.recv_timeout(Duration::from_millis(1)) {
                    Err(RecvTimeoutError::Disconnected) => return,
                    first => {
                        let jobs = first.into_iter().chain(queue.try_iter());
                        jobs.for_each(|job| job(&mut members).expect("libzmq does it"));
                    }
                }
                members.listen().expect("libzmq goes on");
            }
        });
        Self { keys: keys.clone(), jobs }
    }

    pub(super) fn connect(
        &self,
        name: &str,
        endpoint: &Endpoint,
        handshake_timeout: Duration,
    ) -> Theirs {
        let public = self.keys.client.public_key().to_string();
        let secret = self.keys.client.secret_key().to_z85();
        let server = self.keys.server.public_key().to_string();
        let (member, endpoint) = (name.to_owned(), endpoint.to_string());
        let handshake_timeout = i32::try_from(handshake_timeout.as_millis()).expect("short");
        let (sender, received) = unbounded_channel();
        let theirs = Theirs { name: name.to_owned(), jobs: self.jobs.clone(), received };
        theirs.ask(move |members| {
            let socket = Socket::new(&members.context, SocketKind::Dealer)?;
            socket.set_bytes(Opt::ROUTING_ID, member.as_bytes())?;
            socket.set_i32(Opt::LINGER, 0)?;
            socket.set_i32(Opt::RECONNECT_IVL, -1)?;
            socket.set_i32(Opt::HANDSHAKE_IVL, handshake_timeout)?;
            socket.set_i64(Opt::MAXMSGSIZE, MAX_MESSAGE.into())?;
            socket.set_str(Opt::CURVE_SERVERKEY, Some(&server))?;
            socket.set_str(Opt::CURVE_PUBLICKEY, Some(&public))?;
            socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
            socket.connect(&endpoint)?;
            members.sockets.insert(member, (socket, sender));
            Ok(())
        });
        theirs
    }
}

impl Members {
    fn listen(&self) -> Result<(), Error> {
        for (socket, sender) in self.sockets.values() {
            while let Some(message) = socket.try_recv()? {
                let _ = sender.send(message);
            }
        }
        Ok(())
    }
}

/// One of the clients.
pub(super) struct Theirs {
    name: String,
    jobs: mpsc::Sender<Job>,
    received: UnboundedReceiver<Frames>,
}

impl Theirs {
    fn ask(&self, job: impl FnOnce(&mut Members) -> Result<(), Error> + Send + 'static) {
        let _ = self.jobs.send(Box::new(job));
    }
}

impl ExchangeSocket for Theirs {
    async fn send(&mut self, message: Frames) {
        let name = self.name.clone();
        // After the end of the connection there is no queue, and sending fails.
        self.ask(move |members| members.sockets[&name].0.try_send(&message).map(drop));
    }

    async fn recv(&mut self) -> Frames {
        self.received.recv().await.expect("the socket is open")
    }

    /// libzmq does not report it.
    async fn ended_by_time(&mut self) -> bool {
        false
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let name = self.name.clone();
        self.ask(move |members| {
            members.sockets.remove(&name);
            Ok(())
        });
    }
}

/// A ROUTER of libzmq on its own thread that echoes every request.
///
/// It is no [`Peer`], because that has a monitor: libzmq blocks if no thread reads the events.
pub(super) struct TheirServer {
    pub(super) endpoint: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), Error>>,
}

impl TheirServer {
    pub(super) fn start(keys: &Keys) -> Self {
        let secret = keys.server.secret_key().to_z85();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (bound, endpoint) = mpsc::channel();
        let thread = thread::spawn(move || {
            let socket = Socket::new(&Context::new()?, SocketKind::Router)?;
            socket.set_i32(Opt::LINGER, 0)?;
            socket.set_i64(Opt::MAXMSGSIZE, MAX_MESSAGE.into())?;
            socket.set_i32(Opt::CURVE_SERVER, 1)?;
            socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
            let _ = bound.send(socket.bind(TCP)?);
            let mut requests = Requests::default();
            while !stopped.load(Ordering::Relaxed) {
                if let Some(request) = socket.recv_timeout(Duration::from_millis(20))? {
                    requests.check(&request);
                    socket.try_send(&request)?;
                }
            }
            Ok(())
        });
        let endpoint = endpoint.recv().expect("libzmq's ROUTER is bound");
        Self { endpoint, stop, thread }
    }

    /// Stops the thread.
    ///
    /// # Panics
    ///
    /// If a request was not the next one of its client.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("all requests were as they should be").expect("libzmq goes on");
    }
}
