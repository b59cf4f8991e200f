//! One way through a relay: what is done to bytes between reading and writing them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::Alter;
use crate::fault::{Ending, Fault};
use zeromq_async::transport::Io;

/// What is to happen to all that goes one way, and how much has gone.
#[derive(Debug, Default)]
pub(super) struct Line {
    faults: watch::Sender<Vec<Fault>>,
    pub(super) passed: watch::Sender<u64>,
}

/// Something on its way, and when it arrives.
struct Piece {
    due: Instant,
    what: What,
}

enum What {
    /// Bytes that go on, and how many had come for them.
    Bytes(Vec<u8>, usize),
    HalfClose,
    End(Ending),
}

/// Pieces that may be on their way at once: what is beyond waits before the relay.
const PIECES: usize = 256;

/// Most bytes of a piece.
const PIECE: usize = 16 * 1024;

impl Line {
    pub(super) fn add(&self, fault: Fault) {
        self.faults.send_modify(|faults| faults.push(fault));
    }

    pub(super) fn clear(&self) {
        self.faults.send_modify(Vec::clear);
    }

    /// Passes on what comes over one connection, until that is closed.
    pub(super) async fn pass(
        &self,
        from: &mut ReadHalf<Io>,
        to: &mut WriteHalf<Io>,
        alter: Option<Alter>,
    ) -> Result<(), Ending> {
        let (sender, receiver) = mpsc::channel(PIECES);
        tokio::try_join!(self.take(from, sender, alter), self.give(receiver, to)).map(drop)
    }

    /// Reads, and decides what becomes of what was read.
    async fn take(
        &self,
        from: &mut ReadHalf<Io>,
        sender: mpsc::Sender<Piece>,
        mut alter: Option<Alter>,
    ) -> Result<(), Ending> {
        let mut faults = self.faults.subscribe();
        let mut buffer = vec![0; PIECE];
        let mut offset = 0;
        // Nobody takes a piece any more where the other half of this way has ended, and then this
        // one is about to be dropped.
        let put = async |what| {
            let due = Instant::now() + self.delay();
            let _ = sender.send(Piece { due, what }).await;
        };
        loop {
            let left = self.left(offset);
            match left {
                Some((0, Some(ending))) => {
                    put(What::End(ending)).await;
                    std::future::pending::<()>().await;
                }
                Some((0, None)) => {
                    put(What::HalfClose).await;
                    while from.read(&mut buffer).await.map_err(broken)? > 0 {}
                    return Ok(());
                }
                _ => {}
            }
            let most = left.map_or(PIECE, |(left, _)| left.min(PIECE));
            let stalled = faults.borrow_and_update().contains(&Fault::Stall);
            let count = tokio::select! {
                biased;
                _ = faults.changed() => continue,
                read = from.read(&mut buffer[..most]), if !stalled => read.map_err(broken)?,
            };
            if count == 0 {
                put(What::HalfClose).await;
                return Ok(());
            }
            let mut bytes = self.flipped(&buffer[..count], offset);
            offset += count as u64;
            if let Some(alter) = &mut alter {
                bytes = alter(&bytes);
            }
            if !faults.borrow().contains(&Fault::BlackHole) {
                put(What::Bytes(bytes, count)).await;
            }
        }
    }

    /// Writes what is due.
    async fn give(
        &self,
        mut receiver: mpsc::Receiver<Piece>,
        to: &mut WriteHalf<Io>,
    ) -> Result<(), Ending> {
        while let Some(Piece { due, what }) = receiver.recv().await {
            sleep_until(due).await;
            match what {
                What::Bytes(bytes, count) => {
                    self.write(to, &bytes).await?;
                    self.passed.send_modify(|passed| *passed += count as u64);
                }
                What::HalfClose => to.shutdown().await.map_err(broken)?,
                What::End(ending) => return Err(ending),
            }
        }
        Ok(())
    }

    async fn write(&self, to: &mut WriteHalf<Io>, mut bytes: &[u8]) -> Result<(), Ending> {
        while !bytes.is_empty() {
            let (most, pause) = self.pace();
            let (now, later) = bytes.split_at(bytes.len().min(most));
            to.write_all(now).await.map_err(broken)?;
            to.flush().await.map_err(broken)?;
            if let Some(pause) = pause {
                sleep(pause).await;
            }
            bytes = later;
        }
        Ok(())
    }

    fn delay(&self) -> Duration {
        let faults = self.faults.borrow();
        let delays = faults.iter().map(|fault| match fault {
            Fault::Delay(delay) => *delay,
            _ => Duration::ZERO,
        });
        delays.sum()
    }

    /// How many bytes to write at once, and how long to wait then.
    fn pace(&self) -> (usize, Option<Duration>) {
        let faults = self.faults.borrow();
        let pace = faults.iter().rev().find_map(|fault| match fault {
            Fault::Throttle { bytes, every } => Some(((*bytes).max(1), Some(*every))),
            _ => None,
        });
        pace.unwrap_or((usize::MAX, None))
    }

    /// How many bytes may still come before this way ends, and how both end then, where both do.
    fn left(&self, offset: u64) -> Option<(usize, Option<Ending>)> {
        let faults = self.faults.borrow();
        let ends = faults.iter().filter_map(|fault| match fault {
            Fault::EndAfter { bytes, ending } => Some((*bytes, Some(*ending))),
            Fault::HalfCloseAfter { bytes } => Some((*bytes, None)),
            _ => None,
        });
        let (bytes, ending) = ends.min_by_key(|(bytes, _)| *bytes)?;
        let left = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        Some((left, ending))
    }

    /// The bytes, of which the first is the one at `offset`, with the bits changed that are to be.
    fn flipped(&self, bytes: &[u8], offset: u64) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for fault in &*self.faults.borrow() {
            if let Fault::Flip { offset: at, bits } = fault
                && let Some(place) = at.checked_sub(offset)
                && let Ok(place) = usize::try_from(place)
                && let Some(byte) = bytes.get_mut(place)
            {
                *byte ^= bits;
            }
        }
        bytes
    }
}

/// What becomes of a connection one of whose ends is broken.
fn broken(_: std::io::Error) -> Ending {
    Ending::Reset
}
