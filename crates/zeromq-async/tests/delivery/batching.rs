//! Messages that leave in one write: answers to messages that arrived together, and messages that
//! waited together. Others leave at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use support::within;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::task::yield_now;
use zeromq_async::transport::Io;
use zeromq_async::{DealerSocket, RecvError, RouterSocket};

/// The number of requests that are answered without a pause.
const EACH: u64 = 8;

/// A stream that counts its writes.
struct Counted {
    stream: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, bytes)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A connected ROUTER and DEALER on one thread. The ROUTER's writes are counted.
struct Exchange {
    router: RouterSocket,
    dealer: DealerSocket,
    writes: Arc<AtomicUsize>,
}

impl Exchange {
    async fn new() -> Self {
        let (router, dealer) = (RouterSocket::new(), DealerSocket::new());
        let (near, far) = duplex(1 << 16);
        let writes = Arc::new(AtomicUsize::new(0));
        let near = Counted { stream: near, writes: writes.clone() };
        router.handle().accept_stream(Io::new(near, "dealer")).expect("a stream");
        dealer.handle().connect_stream(Io::new(far, "router")).expect("a stream");
        within("the router", dealer.wait_for_peers(1)).await;
        within("the dealer", router.wait_for_peers(1)).await;
        Self { router, dealer, writes }
    }

    /// Sends `count` requests. Each follows the reply to the one before.
    async fn ask(&mut self, requests: u64) {
        for request in 1..=requests {
            self.dealer.send("a request").await.expect("there is room");
            within("the request", async {
                while self.router.stats().unread < request {
                    yield_now().await;
                }
            })
            .await;
        }
    }

    /// Receives `count` requests and answers each at once. Returns the writes so far.
    async fn answer(&mut self, requests: u64) -> usize {
        let before = self.writes();
        for _ in 0..requests {
            let request = self.router.try_recv().expect("it is here");
            self.router.send(request).await.expect("there is room");
        }
        self.writes() - before
    }

    /// Lets other tasks run until `count` answers have arrived. Returns the writes so far.
    async fn await_answers(&mut self, answers: u64) -> usize {
        let before = self.writes();
        for _ in 0..answers {
            within("an answer", self.dealer.recv()).await.expect("a message");
        }
        self.writes() - before
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }
}

/// Answers that arrived separately would separate the next requests, and so on.
#[tokio::test]
async fn replies_to_queued_requests_are_batched() {
    let mut exchange = Exchange::new().await;
    for _ in 0..3 {
        exchange.ask(3 * EACH).await;
        // Also if the other requests waited for some time.
        for _ in 0..3 {
            assert_eq!(exchange.answer(EACH).await, 0, "writes before all are answered");
            assert_eq!(exchange.await_answers(EACH).await, 1, "writes of {EACH} answers");
        }
        assert_eq!(exchange.router.try_recv(), Err(RecvError::Empty));
    }
}

#[tokio::test]
async fn reply_to_lone_request_is_sent_at_once() {
    let mut exchange = Exchange::new().await;
    for _ in 0..3 {
        exchange.ask(1).await;
        assert_eq!(exchange.answer(1).await, 1, "writes when the answer is sent");
        exchange.await_answers(1).await;
        assert_eq!(exchange.router.try_recv(), Err(RecvError::Empty));
    }
}
