//! The kinds of keys that a certificate can contain.

use std::fmt::Display;

use zeroize::Zeroizing;
#[cfg(feature = "curve")]
use zeromq_async::security::{CurveKeyPair, CurvePublicKey, CurveSecretKey, generate_curve_keys};
#[cfg(feature = "noise")]
use zeromq_async::security::{NoiseKeyPair, NoisePublicKey, NoiseSecretKey, generate_noise_keys};

use super::zpl::Properties;
use crate::error::CertificateError;

/// The keys of a certificate: a public key or a key pair, of CURVE or NOISE. This trait is sealed.
#[expect(private_bounds, reason = "sealed: the format of keys is not public")]
pub trait CertificateKeys: KeyFormat<Public = Self::PublicKey> {
    /// The type of the public key.
    type PublicKey: KeyFormat + Display;
}

/// A key pair of CURVE or NOISE. This trait is sealed.
#[expect(private_bounds, reason = "sealed by CertificateKeys")]
pub trait CertificateKeyPair: CertificateKeys + Generate {}

/// Conversion of keys from and to the properties of a certificate.
pub(super) trait KeyFormat: Sized {
    const SECTION: &'static str;
    const HAS_SECRET: bool;
    type Public;

    fn from_properties(properties: &Properties<'_>) -> Result<Self, CertificateError>;
    fn public_key(&self) -> &Self::Public;
    fn secret_text(&self) -> Option<Zeroizing<String>>;
}

pub(super) trait Generate {
    fn generate() -> Self;
}

macro_rules! keys {
    ($section:literal, $generate:ident, $Public:ident, $Secret:ident, $Pair:ident) => {
        impl CertificateKeys for $Public {
            type PublicKey = Self;
        }

        impl KeyFormat for $Public {
            const SECTION: &'static str = $section;
            const HAS_SECRET: bool = false;
            type Public = Self;

            fn from_properties(properties: &Properties<'_>) -> Result<Self, CertificateError> {
                properties.key("public-key")
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

        impl Generate for $Pair {
            fn generate() -> Self {
                $generate()
            }
        }

        impl KeyFormat for $Pair {
            const SECTION: &'static str = $section;
            const HAS_SECRET: bool = true;
            type Public = $Public;

            fn from_properties(properties: &Properties<'_>) -> Result<Self, CertificateError> {
                let keys = <$Pair>::from(properties.key::<$Secret>("secret-key")?);
                let public: $Public = properties.key("public-key")?;
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
keys!("curve", generate_curve_keys, CurvePublicKey, CurveSecretKey, CurveKeyPair);

#[cfg(feature = "noise")]
keys!("noise", generate_noise_keys, NoisePublicKey, NoiseSecretKey, NoiseKeyPair);
