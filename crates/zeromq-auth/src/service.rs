//! Authenticators that are tower services, and services that are authenticators.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;
use zeromq_async::security::{Decision, DenyStatus};

use parking_lot::Mutex;
use zeromq_async::security::{Attempt, Authenticator};

/// Has a `tower_service::Service` decide who may connect.
///
/// Each question goes to a clone of the service, as soon as that is ready. Where the service fails
/// (it is overloaded, it took too long) the peer is told nothing and may try again (status 300), and
/// the service's error is the reason in the [event](zeromq_async::HandshakeFailure::Denied). A service that
/// wants another status answers with a [`Decision`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use tower::service_fn;
/// use zeromq_async::security::{Attempt, Decision};
/// use zeromq_auth::service_authenticator;
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let anybody = service_fn(|_: Attempt| async { Ok::<_, Infallible>(Decision::allow()) });
/// let mut server = RepSocket::builder().null_server(service_authenticator(anybody)).build();
/// let mut client = ReqSocket::new();
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

/// A service that decides who may connect; see [`service_authenticator`].
// The lock is for services that are not `Sync`, and held to clone them.
pub struct ServiceAuthenticator<S>(Mutex<S>);

impl<S> Authenticator for ServiceAuthenticator<S>
where
    S: Service<Attempt, Response = Decision> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
{
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        let mut service = self.0.lock().clone();
        Box::pin(async move {
            let answer = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(attempt.clone()).await
            };
            answer
                .await
                .unwrap_or_else(|error: S::Error| attempt.deny(DenyStatus::TemporaryError, error))
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for ServiceAuthenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceAuthenticator").field(&self.0).finish()
    }
}

/// An authenticator as a `tower_service::Service`; see
/// [`into_service`](super::AuthenticatorExt::into_service).
///
/// It is always ready and never fails. Clones ask the same authenticator.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{Attempt, Decision};
/// use zeromq_auth::AuthenticatorExt;
///
/// let service = (|_: Attempt| async { Decision::allow() }).into_service();
/// # drop(service);
/// # Ok(()) }
/// ```
pub struct AuthenticatorService<A>(Arc<A>);

impl<A> AuthenticatorService<A> {
    pub(super) fn new(authenticator: A) -> Self {
        Self(Arc::new(authenticator))
    }
}

impl<A: Authenticator> Service<Attempt> for AuthenticatorService<A> {
    type Response = Decision;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Decision, Infallible>> + Send>>;

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

impl<A: fmt::Debug> fmt::Debug for AuthenticatorService<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthenticatorService").field(&self.0).finish()
    }
}
