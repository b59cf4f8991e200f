//! Forwarding in one direction, with faults.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use zeromq_async::transport::Io;

use crate::fault::{Ending, Fault};

/// Maps received bytes to the bytes to forward.
pub(super) type Alter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// The faults in one direction, and the number of bytes forwarded over all connections.
#[derive(Debug, Default)]
pub(super) struct Forwarder {
    faults: watch::Sender<Vec<Fault>>,
    pub(super) passed: watch::Sender<u64>,
}

/// Something to do at a time.
struct Scheduled {
    due: Instant,
    action: Action,
}

enum Action {
    /// Write these bytes, for which `received` bytes were read.
    Write {
        bytes: Vec<u8>,
        received: usize,
    },
    HalfClose,
    End(Ending),
}

/// The most actions of one connection that are scheduled at once.
const MAX_SCHEDULED: usize = 256;

/// The most bytes of one read.
const READ_SIZE: usize = 16 * 1024;

impl Forwarder {
    pub(super) fn add(&self, fault: Fault) {
        self.faults.send_modify(|faults| faults.push(fault));
    }

    pub(super) fn clear(&self) {
        self.faults.send_modify(Vec::clear);
    }

    /// Forwards one direction of one connection until it is closed.
    pub(super) async fn forward(
        &self,
        from: &mut ReadHalf<Io>,
        to: &mut WriteHalf<Io>,
        alter: Option<Alter>,
    ) -> Result<(), Ending> {
        let (sender, receiver) = mpsc::channel(MAX_SCHEDULED);
        tokio::try_join!(self.read(from, sender, alter), self.write(receiver, to)).map(drop)
    }

    /// Reads and schedules actions.
    async fn read(
        &self,
        from: &mut ReadHalf<Io>,
        sender: mpsc::Sender<Scheduled>,
        mut alter: Option<Alter>,
    ) -> Result<(), Ending> {
        let mut faults = self.faults.subscribe();
        let mut buffer = vec![0; READ_SIZE];
        let mut offset = 0;
        // Sending fails only after `write` has ended, and then this future is dropped too.
        let schedule = async |action| {
            let due = Instant::now() + self.delay();
            let _ = sender.send(Scheduled { due, action }).await;
        };
        loop {
            let remaining = self.remaining(offset);
            match remaining {
                Some((0, Some(ending))) => {
                    schedule(Action::End(ending)).await;
                    std::future::pending::<()>().await;
                }
                Some((0, None)) => {
                    schedule(Action::HalfClose).await;
                    while from.read(&mut buffer).await.map_err(reset)? > 0 {}
                    return Ok(());
                }
                _ => {}
            }
            let max = remaining.map_or(READ_SIZE, |(bytes, _)| bytes.min(READ_SIZE));
            let stalled = faults.borrow_and_update().contains(&Fault::Stall);
            let count = tokio::select! {
                biased;
                _ = faults.changed() => continue,
                read = from.read(&mut buffer[..max]), if !stalled => read.map_err(reset)?,
            };
            if count == 0 {
                schedule(Action::HalfClose).await;
                return Ok(());
            }
            let mut bytes = self.flip(&buffer[..count], offset);
            offset += count as u64;
            if let Some(alter) = &mut alter {
                bytes = alter(&bytes);
            }
            if !faults.borrow().contains(&Fault::BlackHole) {
                schedule(Action::Write { bytes, received: count }).await;
            }
        }
    }

    /// Performs actions when they are due.
    async fn write(
        &self,
        mut receiver: mpsc::Receiver<Scheduled>,
        to: &mut WriteHalf<Io>,
    ) -> Result<(), Ending> {
        while let Some(Scheduled { due, action }) = receiver.recv().await {
            sleep_until(due).await;
            match action {
                Action::Write { bytes, received } => {
                    self.write_paced(to, &bytes).await?;
                    self.passed.send_modify(|passed| *passed += received as u64);
                }
                Action::HalfClose => to.shutdown().await.map_err(reset)?,
                Action::End(ending) => return Err(ending),
            }
        }
        Ok(())
    }

    async fn write_paced(&self, to: &mut WriteHalf<Io>, mut bytes: &[u8]) -> Result<(), Ending> {
        while !bytes.is_empty() {
            let (max, pause) = self.pace();
            let (now, later) = bytes.split_at(bytes.len().min(max));
            to.write_all(now).await.map_err(reset)?;
            to.flush().await.map_err(reset)?;
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

    /// The most bytes to write at once, and the pause after them.
    fn pace(&self) -> (usize, Option<Duration>) {
        let faults = self.faults.borrow();
        let pace = faults.iter().rev().find_map(|fault| match fault {
            Fault::Throttle { bytes, every } => Some(((*bytes).max(1), Some(*every))),
            _ => None,
        });
        pace.unwrap_or((usize::MAX, None))
    }

    /// The number of bytes until this direction closes, and the ending if the connection ends with
    /// it. `None` if no fault closes it.
    fn remaining(&self, offset: u64) -> Option<(usize, Option<Ending>)> {
        let faults = self.faults.borrow();
        let ends = faults.iter().filter_map(|fault| match fault {
            Fault::EndAfter { bytes, ending } => Some((*bytes, Some(*ending))),
            Fault::HalfCloseAfter { bytes } => Some((*bytes, None)),
            _ => None,
        });
        let (bytes, ending) = ends.min_by_key(|(bytes, _)| *bytes)?;
        let remaining = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        Some((remaining, ending))
    }

    /// Applies the flips to bytes that begin at `offset` of the connection.
    fn flip(&self, bytes: &[u8], offset: u64) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for fault in &*self.faults.borrow() {
            if let Fault::Flip { offset: at, bits } = fault
                && let Some(index) = at.checked_sub(offset)
                && let Ok(index) = usize::try_from(index)
                && let Some(byte) = bytes.get_mut(index)
            {
                *byte ^= bits;
            }
        }
        bytes
    }
}

/// After an error on one end, the other end is reset.
fn reset(_: std::io::Error) -> Ending {
    Ending::Reset
}
