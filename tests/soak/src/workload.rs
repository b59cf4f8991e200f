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
    /// An operation failed or timed out.
    pub async fn subscribe(&mut self) -> Round {
        for index in 0..4 {
            let mut sub = SubSocket::builder().subscribe("news").build();
            sub.connect(&self.published_at)?;
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
        sub.connect(&self.notified_at)?;
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
    /// An operation failed or timed out.
    pub async fn push(&mut self) -> Round {
        for length in [0, 100, 100_000] {
            let mut push = PushSocket::new();
            push.connect(&self.pulled_at)?;
            push.send(vec![7; length]).await?;
            within("writing a message", push.close()).await?;
            within("a message", self.pull.recv()).await??;
        }
        let mut push = PushSocket::builder()
            .linger(Duration::ZERO)
            .curve_client(generate_curve_keys(), self.secure_key)
            .build();
        push.connect(&self.secure_at)?;
        within("a CURVE handshake", push.wait_for_peers(1)).await?;
        push.send("secret").await?;
        within("an encrypted message", self.secure.recv()).await??;
        let wrong_key = PushSocket::builder()
            .linger(Duration::ZERO)
            .curve_client(generate_curve_keys(), *generate_curve_keys().public_key())
            .build();
        wrong_key.connect(&self.secure_at)?;
        let plain = PushSocket::builder().linger(Duration::ZERO).build();
        plain.connect(&self.secure_at)?;
        let mut events = plain.events();
        within("a rejected handshake", events.next()).await?;
        Ok(())
    }
}

/// Short-lived clients and servers exchange messages over tcp and inproc.
///
/// # Errors
///
/// An operation failed or timed out.
pub async fn request() -> Round {
    let context = Context::new();
    for endpoint in ["tcp://127.0.0.1:*", "inproc://ask"] {
        let mut rep = RepSocket::builder_in(&context).build();
        let bound = rep.bind(endpoint).await?;
        let mut req = ReqSocket::builder_in(&context).build();
        req.connect(bound)?;
        for number in 0..10 {
            req.send(number.to_string()).await?;
            let request = within("a request", rep.recv()).await??;
            rep.send(request).await?;
            within("a reply", req.recv()).await??;
        }
        // Abandons one request.
        req.send("never answered").await?;
        drop(timeout(Duration::from_millis(1), req.recv()).await);
    }
    within("a context to shut down", context.shutdown()).await?;
    Ok(())
}

/// Clients reconnect with the same routing id.
///
/// # Errors
///
/// An operation failed or timed out.
pub async fn reconnect() -> Round {
    let mut router = RouterSocket::builder().handover(true).build();
    let bound = router.bind("tcp://127.0.0.1:*").await?;
    for number in 0..5 {
        let mut dealer = DealerSocket::builder().routing_id("alice")?.build();
        dealer.connect(&bound)?;
        dealer.send(number.to_string()).await?;
        let message = within("a message of the dealer", router.recv()).await??;
        router.send(message).await?;
        within("the echo of the message", dealer.recv()).await??;
        dealer.disconnect(&bound)?;
        // The peer is gone.
        router.send(Message::multipart(["alice", "gone"])).await?;
    }
    Ok(())
}

/// Sockets without a peer are dropped with unsent messages.
///
/// # Errors
///
/// An operation failed or timed out.
pub async fn drop_unsent() -> Round {
    let mut push = PushSocket::builder().linger(Duration::from_millis(10)).build();
    push.connect("tcp://127.0.0.1:1")?;
    push.connect("inproc://unbound")?;
    for _ in 0..100 {
        push.send("never read").await?;
    }
    Ok(())
}

/// The limit of each wait. Nothing takes this long unless it hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

async fn within<T>(
    what: &str,
    future: impl Future<Output = T>,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    timeout(TIMEOUT, future).await.map_err(|_| format!("{what}: not within {TIMEOUT:?}").into())
}
