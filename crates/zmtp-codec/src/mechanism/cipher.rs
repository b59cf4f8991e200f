//! What seals and opens the traffic of a connection, whatever the mechanism.

use bytes::BytesMut;

use super::Result;
#[cfg(feature = "curve")]
use super::curve::record as curve;
use crate::batch::Batch;
use crate::seal::SealBuffer;

/// Both directions of a connection that encrypts.
#[derive(Debug)]
pub(crate) struct Ciphers {
    pub(crate) sealer: Sealer,
    pub(crate) opener: Opener,
}

/// Encrypts what is sent.
// There is none without a mechanism that encrypts.
#[derive(Debug)]
pub(crate) enum Sealer {
    #[cfg(feature = "curve")]
    Curve(curve::Sealer),
}

/// Decrypts what is received.
#[derive(Debug)]
pub(crate) enum Opener {
    #[cfg(feature = "curve")]
    Curve(curve::Opener),
}

/// What comes of opening records.
#[cfg_attr(not(feature = "__cipher"), expect(dead_code))]
#[derive(Debug)]
pub(crate) enum Opening {
    /// There is more plain text than before.
    Opened,
    /// No whole record is there.
    Incomplete {
        /// The size of the body of the frame in the next record, if that is known by now.
        announced: Option<u64>,
    },
}

/// How much plain text to make at once, in octets, if there are as many records: some of it may
/// have to wait for the receiver.
#[cfg(feature = "__cipher")]
pub(super) const OPEN_TARGET: usize = 64 * 1024;

impl Ciphers {
    #[cfg(feature = "curve")]
    pub(super) fn curve(sealer: curve::Sealer, opener: curve::Opener) -> Self {
        Self { sealer: Sealer::Curve(sealer), opener: Opener::Curve(opener) }
    }
}

// Without a mechanism that encrypts the arguments go unused.
#[cfg_attr(not(feature = "__cipher"), expect(unused_variables))]
impl Sealer {
    /// Seals what comes next in `batch` and is not in `sealed` yet, until that is full.
    pub(crate) fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        match *self {
            #[cfg(feature = "curve")]
            Self::Curve(ref mut sealer) => sealer.seal(batch, sealed),
        }
    }
}

#[cfg_attr(not(feature = "__cipher"), expect(unused_variables))]
impl Opener {
    /// Opens whole records at the front of `input` and moves the frames that were in them to the
    /// end of `plain`.
    ///
    /// # Errors
    ///
    /// Where the first record is not what it has to be. Nothing has been taken then.
    pub(crate) fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening> {
        match *self {
            #[cfg(feature = "curve")]
            Self::Curve(ref mut opener) => opener.open(input, plain),
        }
    }
}
