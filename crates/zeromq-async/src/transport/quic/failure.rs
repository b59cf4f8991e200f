//! Errors of QUIC as errors of the transport.

use std::io;

use quinn::ConnectionError;

use super::closing::Code;
use crate::tls::{TlsConfigError, TlsFailure};

/// The codes of QUIC that stand for TLS alerts (RFC 9001 §4.8).
const ALERTS: std::ops::Range<u64> = 0x100..0x200;

/// The reason why a connection ended or did not begin.
pub(super) fn io_error(error: &ConnectionError) -> io::Error {
    let (kind, text) = match error {
        ConnectionError::TransportError(local) => match alert(u64::from(local.code)) {
            Some(alert) => return tls(TlsFailure::of_own_alert(alert, &local.reason)),
            None => (io::ErrorKind::InvalidData, format!("the peer broke QUIC: {local}")),
        },
        ConnectionError::ConnectionClosed(close) => match alert(u64::from(close.error_code)) {
            Some(alert) => return tls(TlsFailure::of_alert(alert)),
            None => (io::ErrorKind::ConnectionReset, format!("the peer ended QUIC: {close}")),
        },
        ConnectionError::ApplicationClosed(close) => {
            let code = Code::of(close.error_code);
            (io::ErrorKind::ConnectionReset, format!("the peer closed the connection: {code}"))
        }
        ConnectionError::VersionMismatch => {
            (io::ErrorKind::Unsupported, "the peer speaks another version of QUIC".into())
        }
        ConnectionError::Reset => {
            (io::ErrorKind::ConnectionReset, "the peer does not know the connection".into())
        }
        ConnectionError::TimedOut => {
            (io::ErrorKind::TimedOut, "nothing came from the peer within the idle timeout".into())
        }
        other => (io::ErrorKind::NotConnected, format!("QUIC ended: {other}")),
    };
    io::Error::new(kind, text)
}

/// The reason in an error of a stream.
pub(super) fn explain(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|cause| {
        let cause: &(dyn std::error::Error + 'static) = cause;
        cause.downcast_ref::<ConnectionError>().or_else(|| cause.source()?.downcast_ref())
    });
    match cause {
        Some(cause) => io_error(cause),
        None => error,
    }
}

pub(super) fn of_config(error: TlsConfigError) -> io::Error {
    tls(TlsFailure::from(error))
}

fn tls(failure: TlsFailure) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, failure)
}

fn alert(code: u64) -> Option<u8> {
    ALERTS.contains(&code).then(|| u8::try_from(code - ALERTS.start).ok())?
}
