//! The heartbeats of one connection, and the timer that drives them.

use std::pin::Pin;
use std::task::Context;

use tokio::time::{Instant, Sleep, sleep_until};
use zmtp::wire::{Command, Ttl};
use zmtp::{Heartbeat, HeartbeatAction, HeartbeatConfig};

use crate::event::DisconnectReason;

pub(super) struct HeartbeatTimer {
    heartbeat: Heartbeat,
    timer: Pin<Box<Sleep>>,
}

impl HeartbeatTimer {
    /// Starts the heartbeats that the options ask for, if any.
    pub(super) fn start(config: &HeartbeatConfig) -> Option<Box<Self>> {
        config.interval.map(|_| Self::new(config.clone()))
    }

    fn new(config: HeartbeatConfig) -> Box<Self> {
        let heartbeat = Heartbeat::new(config, now());
        Box::new(Self { heartbeat, timer: Box::pin(sleep_until(Instant::now())) })
    }

    /// Bytes have come from the peer.
    pub(super) fn on_input(&mut self) {
        self.heartbeat.on_input();
    }

    /// The peer has promised more bytes within `ttl`. It is held to that even if this side asks for
    /// no heartbeats.
    pub(super) fn on_ping(this: &mut Option<Box<Self>>, ttl: Ttl) {
        if ttl != Ttl::NONE {
            let this = this.get_or_insert_with(|| Self::new(HeartbeatConfig::default()));
            this.heartbeat.on_ping(ttl, now());
        }
    }

    /// Polls the timer. Returns a PING to send, if one is due.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Result<Option<Command>, DisconnectReason> {
        while let Some(deadline) = self.heartbeat.poll_timeout() {
            self.timer.as_mut().reset(Instant::from_std(deadline));
            if self.timer.as_mut().poll(cx).is_pending() {
                break;
            }
            match self.heartbeat.handle_timeout(now()) {
                HeartbeatAction::SendPing(ping) => return Ok(Some(ping)),
                HeartbeatAction::PeerDead => return Err(DisconnectReason::HeartbeatTimedOut),
                HeartbeatAction::Nothing => {}
            }
        }
        Ok(None)
    }
}

/// Tokio's clock, so that paused time in tests drives heartbeats too.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
