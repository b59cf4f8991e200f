//! The repeated operations. Each round closes everything that it opened.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use zeromq_async::security::{Attempt, CurvePublicKey, Decision, generate_curve_keys};
use zeromq_async::{
    Context, DealerSocket, Endpoint, Message, PubSocket, PullSocket, PushSocket, RepSocket,
    ReqSocket, RouterSocket, SubSocket, XPubSocket,
};

/// The result of a round.
pub type Round = Result<(), Box<dyn Error + Send + Sync>>;

/// Long-lived sockets, to which short-lived ones connect.
#[derive(Debug)]
pub struct Residents {
    /// The workload never receives from it, so it must release the state of old peers by itself.
    publisher: PubSocket,
    published_at: Endpoint,
    notified: XPubSocket,
    notified_at: Endpoint,
    pull: PullSocket,
    pulled_at: Endpoint,
    secure: PullSocket,
    secure_at: Endpoint,
    secure_key: CurvePublicKey,
}

impl Residents {
    /// Binds the sockets to free ports.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub async fn bind() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let publisher = PubSocket::new();
        let published_at = publisher.bind("tcp://127.0.0.1:*").await?;
        let notified = XPubSocket::new();
        let notified_at = notified.bind("tcp://127.0.0.1:*").await?;
        let pull = PullSocket::new();
        let pulled_at = pull.bind("tcp://127.0.0.1:*").await?;
        let keys = generate_curve_keys();
        let secure_key = *keys.public_key();
        let allow_all = |_: Attempt| async { Decision::allow() };
        let secure = PullSocket::builder().curve_server(keys, allow_all).build();
        let secure_at = secure.bind("tcp://127.0.0.1:*").await?;
        Ok(Self {
            publisher,
            published_at,
            notified,
            notified_at,
            pull,
            pulled_at,
            secure,
            secure_at,
            secure_key,
        })
    }

    /// Subscribers connect, receive a message and disconnect, with or without unsubscribing first.
    ///
    /// # Errors
    ///
    /// Something did not work.
    pub async fn subscribe(&mut self) -> Round {
        for index in 0..4 {
            let mut sub = SubSocket::builder().subscribe("news").build();
            sub.connect(&self.published_at).await?;
            let received = async {
                loop {
                    self.publisher.send("news of today").await?;
                    if timeout(Duration::from_millis(5), sub.recv()).await.is_ok() {
                        return Round::Ok(());
                    }
                }
            };
            within("a subscriber to receive", received).await??;
            if index % 2 == 0 {
                sub.close().await;
            }
        }
        let sub = SubSocket::builder().subscribe("a").subscribe("b").build();
        sub.connect(&self.notified_at).await?;
        for _ in 0..2 {
            within("a subscription", self.notified.recv()).await??;
        }
        drop(sub);
        for _ in 0..2 {
            within("a cancellation", self.notified.recv()).await??;
        }
        Ok(())
    }

    /// Senders connect and disconnect with the right key, a wrong key and no key.
    ///
    /// # Errors
    ///
    /// Something did not work.
    pub async fn push(&mut self) -> Round {
        for length in [0, 100, 100_000] {
            let mut push = PushSocket::new();
            push.connect(&self.pulled_at).await?;
            push.send(vec![7; length]).await?;
            within("a message is written", push.close()).await?;
            within("a message", self.pull.recv()).await??;
        }
        let mut push = PushSocket::builder()
            .linger(Duration::ZERO)
            .curve_client(generate_curve_keys(), self.secure_key)
            .build();
        push.connect(&self.secure_at).await?;
        within("a handshake of CURVE", push.wait_for_peers(1)).await?;
        push.send("secret").await?;
        within("a secret", self.secure.recv()).await??;
        let stranger = PushSocket::builder()
            .linger(Duration::ZERO)
            .curve_client(generate_curve_keys(), *generate_curve_keys().public_key())
            .build();
        stranger.connect(&self.secure_at).await?;
        let plain = PushSocket::builder().linger(Duration::ZERO).build();
        plain.connect(&self.secure_at).await?;
        let mut events = plain.events();
        within("a refusal", events.next()).await?;
        Ok(())
    }
}

/// Short-lived clients and servers exchange messages over tcp and inproc.
///
/// # Errors
///
/// Something did not work.
pub async fn ask() -> Round {
    let context = Context::new();
    for endpoint in ["tcp://127.0.0.1:*", "inproc://ask"] {
        let mut rep = RepSocket::builder_in(&context).build();
        let bound = rep.bind(endpoint).await?;
        let mut req = ReqSocket::builder_in(&context).build();
        req.connect(bound).await?;
        for question in 0..10 {
            req.send(question.to_string()).await?;
            let question = within("a question", rep.recv()).await??;
            rep.send(question).await?;
            within("an answer", req.recv()).await??;
        }
        // Abandons one request.
        req.send("never answered").await?;
        drop(timeout(Duration::from_millis(1), req.recv()).await);
    }
    within("a context ends", context.shutdown()).await?;
    Ok(())
}

/// Clients reconnect with the same routing id.
///
/// # Errors
///
/// Something did not work.
pub async fn come_back() -> Round {
    let mut router = RouterSocket::builder().handover(true).build();
    let bound = router.bind("tcp://127.0.0.1:*").await?;
    for visit in 0..5 {
        let mut dealer = DealerSocket::builder().routing_id("alice")?.build();
        dealer.connect(&bound).await?;
        dealer.send(visit.to_string()).await?;
        let message = within("a visit", router.recv()).await??;
        router.send(message).await?;
        within("a return of it", dealer.recv()).await??;
        dealer.disconnect(&bound).await?;
        // The peer is gone.
        router.send(Message::multipart(["alice", "gone"])).await?;
    }
    Ok(())
}

/// Sockets without a peer are dropped with unsent messages.
///
/// # Errors
///
/// Something did not work.
pub async fn wait_in_vain() -> Round {
    let mut push = PushSocket::builder().linger(Duration::from_millis(10)).build();
    push.connect("tcp://127.0.0.1:1").await?;
    push.connect("inproc://unbound").await?;
    for _ in 0..100 {
        push.send("never read").await?;
    }
    Ok(())
}

/// The limit of each wait. Nothing takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within<T>(
    what: &str,
    future: impl Future<Output = T>,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    timeout(PATIENCE, future).await.map_err(|_| format!("{what}: not within {PATIENCE:?}").into())
}
