//! Two authenticators combined into one.

use std::fmt::Display;

use futures_util::future::BoxFuture;
use zeromq_async::Metadata;
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};

use crate::service::AuthenticatorService;

/// Combinators for every [`Authenticator`].
pub trait AuthenticatorExt: Authenticator + Sized {
    /// Allows peers that both authenticators allow.
    ///
    /// The second one runs only if the first allows the peer, so put the cheaper one first. A denial
    /// keeps its status. The user id is the first that is not empty. The metadata is merged; where
    /// both have a property, the first one's is kept.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{RepSocket, ReqSocket};
    /// use zeromq_auth::{AddressRules, AuthenticatorExt, Passwords, PeerRange};
    ///
    /// let local = AddressRules::deny_by_default().allow("127.0.0.0/8".parse::<PeerRange>()?);
    /// let users: Passwords = "alice:secret".parse()?;
    /// let mut server = RepSocket::builder().plain_server(local.and(users)).build();
    /// let mut client = ReqSocket::builder().plain_client("alice", "secret")?.build();
    /// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
    /// client.send("hello").await?;
    /// let (_, peer) = server.recv_from().await?;
    /// assert_eq!(peer.info().user_id(), Some("alice"));
    /// # Ok(()) }
    /// ```
    fn and<A: Authenticator>(self, other: A) -> And<Self, A> {
        And { first: self, second: other }
    }

    /// Allows peers that either authenticator allows.
    ///
    /// The second one runs only if the first denies the peer. The user id and metadata are those of
    /// the one that allows the peer. If both deny it, the status is a temporary error if either
    /// status is, otherwise an internal error if either is, otherwise an authentication failure. The
    /// reasons of both are joined.
    fn or<A: Authenticator>(self, other: A) -> Or<Self, A> {
        Or { first: self, second: other }
    }

    /// Converts the authenticator into a `tower_service::Service`, to add tower middleware such as a
    /// timeout or a concurrency limit. [`service_authenticator`](crate::service_authenticator)
    /// converts the result back.
    fn into_service(self) -> AuthenticatorService<Self> {
        AuthenticatorService::new(self)
    }
}

impl<A: Authenticator> AuthenticatorExt for A {}

/// Allows peers that both authenticators allow. Created by [`AuthenticatorExt::and`].
#[derive(Debug, Clone)]
pub struct And<A, B> {
    first: A,
    second: B,
}

/// Allows peers that either authenticator allows. Created by [`AuthenticatorExt::or`].
#[derive(Debug, Clone)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A: Authenticator, B: Authenticator> Authenticator for And<A, B> {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        Box::pin(async move {
            match self.first.authenticate(attempt.clone()).await {
                Decision::Deny(status) => Decision::Deny(status),
                Decision::Allow { user_id, metadata } => {
                    merge(user_id, &metadata, self.second.authenticate(attempt).await)
                }
            }
        })
    }
}

impl<A: Authenticator, B: Authenticator> Authenticator for Or<A, B> {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        Box::pin(async move {
            let first = match self.first.authenticate(attempt.clone()).await {
                Decision::Deny(status) => status,
                allowed @ Decision::Allow { .. } => return allowed,
            };
            let first_reason = attempt.take_reason();
            match self.second.authenticate(attempt.clone()).await {
                Decision::Deny(second) => {
                    if let Some(reason) = join_reasons(first_reason, attempt.take_reason()) {
                        attempt.set_reason(reason);
                    }
                    Decision::Deny(join_statuses(first, second))
                }
                allowed @ Decision::Allow { .. } => allowed,
            }
        })
    }
}

/// Merges the first authenticator's data into the second one's decision.
fn merge(first_id: String, first: &Metadata, second: Decision) -> Decision {
    let Decision::Allow { user_id: second_id, metadata: mut merged } = second else {
        return second;
    };
    for property in first.iter() {
        // A property of `Metadata` is valid, so inserting it cannot fail.
        let _ = merged.insert(&property.name, property.value.clone());
    }
    let user_id = if first_id.is_empty() { second_id } else { first_id };
    Decision::Allow { user_id, metadata: merged }
}

fn join_reasons(first: Option<impl Display>, second: Option<impl Display>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}; and {second}")),
        (first, second) => {
            first.map(|first| first.to_string()).or(second.map(|second| second.to_string()))
        }
    }
}

fn join_statuses(first: DenyStatus, second: DenyStatus) -> DenyStatus {
    let by_precedence = [DenyStatus::TemporaryError, DenyStatus::InternalError];
    let status = by_precedence.into_iter().find(|status| [first, second].contains(status));
    status.unwrap_or(DenyStatus::AuthenticationFailure)
}
