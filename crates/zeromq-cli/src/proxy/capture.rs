//! The third socket, which sends a copy of everything.

use std::sync::Arc;

use tokio::sync::Mutex;
use zeromq_async::Message;

use super::Side;
use super::side::Target;
use crate::exit::Failure;

/// Takes copies from both directions. Where its socket has no room, both wait.
#[derive(Clone)]
pub(super) struct Capture(Option<Arc<Mutex<Target>>>);

impl Capture {
    pub(super) fn new(side: Option<Side>) -> Self {
        let target = side.and_then(|side| side.target);
        Self(target.map(|target| Arc::new(Mutex::new(target))))
    }

    pub(super) async fn copy(&self, message: &Message) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(target) => target.lock().await.send(message.clone()).await,
        }
    }
}
