//! What can be wrong with a certificate.

use zeromq_async::MetadataError;

use crate::LineError;

/// Text is not a certificate, or not of this kind.
///
/// No key is part of it: lines are named by their number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A line that is no property, or a key that is none.
    #[error(transparent)]
    Line(#[from] LineError),

    /// A key is missing.
    #[error("there is no {property} in a section {section}")]
    Missing {
        /// `public-key` or `secret-key`.
        property: &'static str,
        /// `curve` or `noise`.
        section: &'static str,
    },

    /// The two keys do not go together.
    #[error("the public key is not that of the secret key")]
    KeysDisagree,
}

/// A property cannot be put into a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The name is none in ZPL.
    #[error("{0:?} is no name for a property: that has letters, digits, and any of $-_@.&+/")]
    Name(String),

    /// The value cannot be written between quotation marks.
    #[error("the value of {0:?} cannot be written: it has control characters, or both \" and '")]
    Value(String),

    /// ZMTP cannot carry it.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}
