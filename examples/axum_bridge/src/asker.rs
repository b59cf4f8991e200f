//! Any number of requests under way over one DEALER, each reply given to who asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::oneshot;
use zeromq_async::{Dealer, DealerSocket, Frame, Message, Receiver, Sender};

/// Asks workers that are plain REP sockets; cloning gives another that shares the DEALER.
///
/// A request is `[number, "", question]`. REP keeps the envelope, which is all up to the empty
/// frame, and puts it in front of the answer: so the number comes back without the worker's help.
#[derive(Clone)]
pub struct Asker {
    sender: Sender<Dealer>,
    waiting: Arc<Waiting>,
}

/// Who waits for which reply.
#[derive(Default)]
struct Waiting {
    next: AtomicU64,
    askers: Mutex<HashMap<u64, oneshot::Sender<Bytes>>>,
}

impl Asker {
    /// Takes over a DEALER that is bound or connected to the workers; needs a Tokio runtime.
    pub fn new(dealer: DealerSocket) -> Self {
        let (sender, receiver) = dealer.split();
        let waiting = Arc::<Waiting>::default();
        tokio::spawn(deliver(receiver, waiting.clone()));
        Self { sender, waiting }
    }

    /// Asks a worker, the next in turn; `None` when the socket is closed before the answer came.
    ///
    /// With no worker it waits for one, and it waits for ever for the answer of a worker that died:
    /// put a timeout around it. Dropped early, the answer is ignored when it comes.
    pub async fn ask(&self, question: Bytes) -> Option<Bytes> {
        let number = self.waiting.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting.with(|askers| askers.insert(number, answer));
        let _forget = Forget { waiting: &self.waiting, number };
        let envelope = [Bytes::copy_from_slice(&number.to_be_bytes()), Bytes::new(), question];
        self.sender.clone().send(Message::multipart(envelope)).await.ok()?;
        answered.await.ok()
    }
}

/// Gives each reply to who waits for it, until the socket is closed.
async fn deliver(mut receiver: Receiver<Dealer>, waiting: Arc<Waiting>) {
    while let Ok(reply) = receiver.recv().await {
        let Ok([number, _, answer]) = <[Frame; 3]>::try_from(reply) else { continue };
        let Ok(number) = number.as_slice().try_into() else { continue };
        let asker = waiting.with(|askers| askers.remove(&u64::from_be_bytes(number)));
        if let Some(asker) = asker {
            let _ = asker.send(answer.into_bytes()); // refused by one that has given up
        }
    }
    waiting.with(HashMap::clear); // tells all who still wait
}

impl Waiting {
    fn with<R>(&self, f: impl FnOnce(&mut HashMap<u64, oneshot::Sender<Bytes>>) -> R) -> R {
        f(&mut self.askers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Strikes an asker off the list, however its waiting ended.
struct Forget<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.waiting.with(|askers| askers.remove(&self.number));
    }
}
