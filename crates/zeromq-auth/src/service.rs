//! Conversions between authenticators and tower services.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_service::Service;
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};

/// Converts a `tower_service::Service` into an authenticator.
///
/// Each authentication waits until a clone of the service is ready and calls it. If the service
/// fails, for example because it is overloaded or timed out, the peer is denied with status 300
/// (temporary error): it is disconnected and may reconnect. The service's error is the reason in the
/// [event](zeromq_async::HandshakeFailure::Denied). To deny with another status, the service returns
/// a [`Decision`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tower::ServiceBuilder;
/// use zeromq_async::{RepSocket, ReqSocket};
/// use zeromq_auth::{AuthenticatorExt, Passwords, service_authenticator};
///
/// let users: Passwords = "alice:secret".parse()?;
/// let limited = ServiceBuilder::new()
///     .concurrency_limit(100)
///     .timeout(Duration::from_secs(5))
///     .service(users.into_service());
/// let mut server = RepSocket::builder().plain_server(service_authenticator(limited)).build();
/// let mut client = ReqSocket::builder().plain_client("alice", "secret")?.build();
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("hello").await?;
/// assert_eq!(server.recv().await?, "hello");
/// # Ok(()) }
/// ```
pub fn service_authenticator<S>(service: S) -> ServiceAuthenticator<S>
where
    S: Service<Attempt, Response = Decision> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
{
    ServiceAuthenticator(Mutex::new(service))
}

/// A tower service as an authenticator. Created by [`service_authenticator`].
// The mutex makes services that are not `Sync` usable. It is held only to clone the service.
#[derive(Debug)]
pub struct ServiceAuthenticator<S>(Mutex<S>);

impl<S> Authenticator for ServiceAuthenticator<S>
where
    S: Service<Attempt, Response = Decision> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
{
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        let mut service = self.0.lock().clone();
        Box::pin(async move {
            let response = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(attempt.clone()).await
            };
            response
                .await
                .unwrap_or_else(|error: S::Error| attempt.deny(DenyStatus::TemporaryError, error))
        })
    }
}

/// An authenticator as a `tower_service::Service`. Created by
/// [`into_service`](crate::AuthenticatorExt::into_service).
///
/// It is always ready and never fails. Clones share the authenticator.
#[derive(Debug)]
pub struct AuthenticatorService<A>(Arc<A>);

impl<A> AuthenticatorService<A> {
    pub(crate) fn new(authenticator: A) -> Self {
        Self(Arc::new(authenticator))
    }
}

impl<A: Authenticator> Service<Attempt> for AuthenticatorService<A> {
    type Response = Decision;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Decision, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let authenticator = Arc::clone(&self.0);
        Box::pin(async move { Ok(authenticator.authenticate(attempt).await) })
    }
}

impl<A> Clone for AuthenticatorService<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
