//! Two authenticators as one.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use zeromq_async::Metadata;
use zeromq_async::security::{Decision, DenyStatus};

use super::service::AuthenticatorService;
use zeromq_async::security::{Attempt, Authenticator};

/// What every [`Authenticator`] can be made into.
pub trait AuthenticatorExt: Authenticator + Sized {
    /// Lets in whom both let in.
    ///
    /// The second is asked only if the first has said yes, so put the cheap one first. A denial
    /// wins, with its own status. Of whom both let in, all is known that either knows: the user id
    /// is the first that is not empty, and a property of the metadata that both give is the first's.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::{AddressRules, AuthenticatorExt, Passwords, PeerRange};
    ///
    /// let office = AddressRules::deny_by_default().allow("192.168.7.0/24".parse::<PeerRange>()?);
    /// let users: Passwords = "alice:secret".parse()?;
    /// let rep = RepSocket::builder().plain_server(office.and(users)).build();
    /// # drop(rep);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn and<A: Authenticator>(self, other: A) -> And<Self, A> {
        And { first: self, second: other }
    }

    /// Lets in whom either lets in.
    ///
    /// The second is asked only if the first has said no, and the answer is that of the one who
    /// says yes, whole. Where both say no the peer may try again if either had a temporary error;
    /// else the status is an internal error if either had one, and else an authentication failure.
    /// The reason is that of both.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::{AuthenticatorExt, Passwords};
    ///
    /// let (staff, guests): (Passwords, Passwords) = ("alice:secret".parse()?, "guest:guest".parse()?);
    /// let rep = RepSocket::builder().plain_server(staff.or(guests)).build();
    /// # drop(rep);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn or<A: Authenticator>(self, other: A) -> Or<Self, A> {
        Or { first: self, second: other }
    }

    /// The authenticator as a `tower_service::Service`, to put tower's middleware around it: a
    /// timeout, a limit, a cache. [`service_authenticator`](super::service_authenticator) makes an
    /// authenticator of the result.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use tower::ServiceBuilder;
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::{AuthenticatorExt, Passwords, service_authenticator};
    ///
    /// let users: Passwords = "alice:secret".parse()?;
    /// let guarded = ServiceBuilder::new()
    ///     .concurrency_limit(100)
    ///     .timeout(Duration::from_secs(5))
    ///     .service(users.into_service());
    /// let rep = RepSocket::builder().plain_server(service_authenticator(guarded)).build();
    /// # drop(rep);
    /// # Ok(()) }
    /// ```
    fn into_service(self) -> AuthenticatorService<Self> {
        AuthenticatorService::new(self)
    }
}

impl<A: Authenticator> AuthenticatorExt for A {}

/// Lets in whom both authenticators let in; see [`AuthenticatorExt::and`].
#[derive(Debug, Clone)]
pub struct And<A, B> {
    first: A,
    second: B,
}

/// Lets in whom either authenticator lets in; see [`AuthenticatorExt::or`].
#[derive(Debug, Clone)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A: Authenticator, B: Authenticator> Authenticator for And<A, B> {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(async move {
            match self.first.authenticate(attempt.clone()).await {
                Decision::Deny(status) => Decision::Deny(status),
                Decision::Allow { user_id, metadata } => {
                    merge(user_id, metadata, self.second.authenticate(attempt).await)
                }
            }
        })
    }
}

impl<A: Authenticator, B: Authenticator> Authenticator for Or<A, B> {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(async move {
            let first = match self.first.authenticate(attempt.clone()).await {
                Decision::Deny(status) => status,
                allowed @ Decision::Allow { .. } => return allowed,
            };
            let first_reason = attempt.take_reason();
            match self.second.authenticate(attempt.clone()).await {
                Decision::Deny(second) => {
                    if let Some(reason) = both(first_reason, attempt.take_reason()) {
                        attempt.set_reason(reason);
                    }
                    Decision::Deny(most_hopeful(first, second))
                }
                allowed @ Decision::Allow { .. } => allowed,
            }
        })
    }
}

/// What two know of a peer, unless the second denies it.
fn merge(first_id: String, first: Metadata, second: Decision) -> Decision {
    let Decision::Allow { user_id: second_id, metadata: mut merged } = second else {
        return second;
    };
    for property in first.iter() {
        // It was metadata before, so it can be again.
        let _ = merged.insert(&property.name, property.value.clone());
    }
    let user_id = if first_id.is_empty() { second_id } else { first_id };
    Decision::Allow { user_id, metadata: merged }
}

/// Why either denies a peer, as far as they say.
fn both(first: Option<impl Display>, second: Option<impl Display>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}; and {second}")),
        (first, second) => {
            first.map(|first| first.to_string()).or(second.map(|second| second.to_string()))
        }
    }
}

fn most_hopeful(first: DenyStatus, second: DenyStatus) -> DenyStatus {
    let either = |status| first == status || second == status;
    match () {
        () if either(DenyStatus::TemporaryError) => DenyStatus::TemporaryError,
        () if either(DenyStatus::InternalError) => DenyStatus::InternalError,
        () => DenyStatus::AuthenticationFailure,
    }
}
