//! Closing a socket early, as after a signal.

use std::time::Duration;

use zeromq_async::SocketHandle;

/// The time that connected peers have to read their queued messages after a signal or an error.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// Closes a socket within this time. Returns the number of unsent messages. Messages lost with
/// earlier peers do not count.
pub(crate) async fn close_within(handle: &SocketHandle, limit: Duration) -> usize {
    let lost = usize::try_from(handle.stats().lost).unwrap_or(usize::MAX);
    handle.close_within(limit).await.unsent.saturating_sub(lost)
}
