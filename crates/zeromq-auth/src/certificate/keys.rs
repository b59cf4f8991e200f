//! The keys that certificates are about.

use std::fmt::Display;

use zeroize::Zeroizing;

use super::CertificateError;
use super::text::Parts;

/// What a certificate can be about: a public key or a key pair, of CURVE or NOISE. This trait is
/// sealed.
#[expect(private_bounds, reason = "sealed: how keys are written is not public")]
pub trait CertificateKeys: Written<Public = Self::PublicKey> {
    /// The public key.
    type PublicKey: Written + Display;
}

/// A key pair, of CURVE or NOISE. This trait is sealed.
#[expect(private_bounds, reason = "sealed by CertificateKeys")]
pub trait CertificateKeyPair: CertificateKeys + Generated {}

/// How keys stand in a certificate.
pub(super) trait Written: Sized {
    const MECHANISM: &str;
    const SECTION: &'static str;
    const HAS_SECRET: bool;
    type Public;

    fn from_parts(parts: &Parts<'_>) -> Result<Self, CertificateError>;
    fn public_key(&self) -> &Self::Public;
    fn secret_text(&self) -> Option<Zeroizing<String>>;
}

pub(super) trait Generated {
    fn generate() -> Self;
}

macro_rules! keys {
    ($mechanism:literal, $section:literal, $generate:path, $Public:path, $Secret:path, $Pair:path) => {
        impl CertificateKeys for $Public {
            type PublicKey = Self;
        }

        impl Written for $Public {
            const MECHANISM: &str = $mechanism;
            const SECTION: &'static str = $section;
            const HAS_SECRET: bool = false;
            type Public = Self;

            fn from_parts(parts: &Parts<'_>) -> Result<Self, CertificateError> {
                parts.key("public-key")
            }

            fn public_key(&self) -> &Self {
                self
            }

            fn secret_text(&self) -> Option<Zeroizing<String>> {
                None
            }
        }

        impl CertificateKeys for $Pair {
            type PublicKey = $Public;
        }

        impl CertificateKeyPair for $Pair {}

        impl Generated for $Pair {
            fn generate() -> Self {
                $generate()
            }
        }

        impl Written for $Pair {
            const MECHANISM: &str = $mechanism;
            const SECTION: &'static str = $section;
            const HAS_SECRET: bool = true;
            type Public = $Public;

            fn from_parts(parts: &Parts<'_>) -> Result<Self, CertificateError> {
                let keys = <$Pair>::from(parts.key::<$Secret>("secret-key")?);
                let public: $Public = parts.key("public-key")?;
                if public == *keys.public_key() {
                    Ok(keys)
                } else {
                    Err(CertificateError::KeysDisagree)
                }
            }

            fn public_key(&self) -> &$Public {
                self.public_key()
            }

            fn secret_text(&self) -> Option<Zeroizing<String>> {
                Some(self.secret_key().to_z85())
            }
        }
    };
}

#[cfg(feature = "curve")]
keys!(
    "CURVE",
    "curve",
    zeromq_async::security::generate_curve_keys,
    zeromq_async::security::CurvePublicKey,
    zeromq_async::security::CurveSecretKey,
    zeromq_async::security::CurveKeyPair
);

#[cfg(feature = "noise")]
keys!(
    "NOISE",
    "noise",
    zeromq_async::security::generate_noise_keys,
    zeromq_async::security::NoisePublicKey,
    zeromq_async::security::NoiseSecretKey,
    zeromq_async::security::NoiseKeyPair
);
