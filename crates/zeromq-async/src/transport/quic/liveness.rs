//! The liveness stream: PING and PONG beside the data.
//!
//! ```text
//! preface: 'O' 'M' 'Q' 'L' 1 0 0 0     once, each way
//! record:  | type (1) | nonce (8) |    type 1: PING, type 2: PONG
//! ```
//!
//! A peer whose data stream is full can still answer here. This side answers each PING, or the newest of
//! several, and sends none: its heartbeats are those of ZMTP, and QUIC itself notices a peer that is
//! gone.

use std::io;
use std::pin::pin;

use futures_util::future::{Either, select};
use quinn::{Connection, ReadError, RecvStream, SendStream};
use tokio::task::yield_now;

use super::closing::Code;

/// What both sides send first.
pub(super) const PREFACE: [u8; 8] = *b"OMQL\x01\0\0\0";

const RECORD: usize = 9;
const PING: u8 = 1;
const PONG: u8 = 2;

/// Records answered in one turn of the task.
const MAX_RECORDS: usize = 32;

/// Answers PINGs until the connection ends. Closes it if the peer breaks the profile.
pub(super) async fn serve(connection: Connection, (mut send, mut recv): (SendStream, RecvStream)) {
    let answering = pin!(answer(&mut send, &mut recv));
    let (both_ways, one_way) = (pin!(connection.accept_bi()), pin!(connection.accept_uni()));
    let broken = match select(answering, select(both_ways, one_way)).await {
        Either::Left((code, _)) => code,
        Either::Right(_) => Some(Code::Stream),
    };
    if let Some(code) = broken {
        // It has no effect on a connection that has ended already.
        connection.close(code.number(), b"");
    }
}

/// Returns how the peer broke the profile, or `None` if the connection has ended.
async fn answer(send: &mut SendStream, recv: &mut RecvStream) -> Option<Code> {
    let mut records = Records::default();
    loop {
        for _ in 0..MAX_RECORDS {
            let nonce = match records.next(recv).await {
                Ok(Some(nonce)) => nonce,
                Ok(None) => continue,
                Err(code) => return code,
            };
            // The next PING is read when the peer has room for this PONG. So a flood of PINGs waits in
            // the stream's window.
            let pong: Vec<u8> = [PONG].into_iter().chain(nonce).collect();
            if send.write_all(&pong).await.is_err() {
                return None;
            }
        }
        yield_now().await;
    }
}

/// Reads records, which may arrive in pieces.
#[derive(Default)]
struct Records {
    bytes: [u8; RECORD],
    filled: usize,
}

impl Records {
    /// The nonce of a PING, or `None` for a PONG.
    async fn next(&mut self, recv: &mut RecvStream) -> Result<Option<[u8; 8]>, Option<Code>> {
        while self.filled < RECORD {
            match recv.read(&mut self.bytes[self.filled..]).await {
                Ok(Some(read)) => self.filled += read,
                Err(ReadError::ConnectionLost(_)) => return Err(None),
                Ok(None) | Err(_) => return Err(Some(Code::Control)),
            }
        }
        self.filled = 0;
        let [kind, nonce @ ..] = self.bytes;
        match kind {
            PING => Ok(Some(nonce)),
            PONG => Ok(None),
            _ => Err(Some(Code::Control)),
        }
    }
}

/// The error of a connection that this side closed for a fault of the peer.
pub(super) fn closed_here() -> io::Error {
    let text =
        "the peer broke the QUIC profile: a malformed or ended liveness stream, or a third stream";
    io::Error::new(io::ErrorKind::InvalidData, text)
}
