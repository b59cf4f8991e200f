//! Public and secret keys: 32 bytes each, 40 characters of Z85 as text.
//!
//! CURVE and NOISE have keys of the same form. Their types differ, because a key should be used with
//! one protocol only.

mod z85;

/// Text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key: a key has 40 characters of Z85, and this is {0}")]
pub struct KeyError(&'static str);

/// Decodes a key. Errors do not contain the text, which may be secret.
fn parse(text: &str) -> Result<[u8; 32], KeyError> {
    match (text.len(), z85::decode(text.as_bytes())) {
        (_, Some(bytes)) => Ok(bytes),
        (..40, None) => Err(KeyError("shorter")),
        (40, None) => Err(KeyError("not Z85")),
        (41.., None) => Err(KeyError("longer")),
    }
}

macro_rules! key_types {
    ($mechanism:literal, $PublicKey:ident, $SecretKey:ident, $KeyPair:ident) => {
        #[doc = concat!("A ", $mechanism, " public key: the identity of a peer.")]
        ///
        /// Its text has 40 characters of Z85 (32/Z85).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $PublicKey([u8; 32]);

        impl $PublicKey {
            /// Makes a key from its bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<$PublicKey> for [u8; 32] {
            fn from(key: $PublicKey) -> Self {
                key.0
            }
        }

        impl std::fmt::Display for $PublicKey {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&String::from_utf8_lossy(&z85::encode(&self.0)))
            }
        }

        impl std::fmt::Debug for $PublicKey {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($PublicKey))
            }
        }

        impl std::str::FromStr for $PublicKey {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                parse(text).map(Self)
            }
        }

        #[doc = concat!("A ", $mechanism, " secret key.")]
        ///
        /// `Debug` hides it, comparison takes constant time, and it is overwritten when dropped.
        #[derive(Clone)]
        pub struct $SecretKey(zeroize::Zeroizing<[u8; 32]>);

        impl $SecretKey {
            /// Makes a key from its bytes, which must be random.
            pub fn new(bytes: [u8; 32]) -> Self {
                Self(zeroize::Zeroizing::new(bytes))
            }

            /// The public key of the pair.
            pub fn public_key(&self) -> $PublicKey {
                $PublicKey($crate::mechanism::x25519::public_key(&self.0))
            }

            /// The secret bytes. Protect the file or memory that they go to.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }

            /// The secret text. Protect the file or memory that it goes to.
            pub fn to_z85(&self) -> zeroize::Zeroizing<String> {
                zeroize::Zeroizing::new(String::from_utf8_lossy(&z85::encode(&self.0)).into_owned())
            }
        }

        impl PartialEq for $SecretKey {
            fn eq(&self, other: &Self) -> bool {
                $crate::secret::equal(&*self.0, &*other.0)
            }
        }

        impl Eq for $SecretKey {}

        impl std::fmt::Debug for $SecretKey {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($SecretKey), "(..)"))
            }
        }

        impl std::str::FromStr for $SecretKey {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                parse(text).map(Self::new)
            }
        }

        #[doc = concat!("A pair of ", $mechanism, " keys.")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $KeyPair {
            public: $PublicKey,
            secret: $SecretKey,
        }

        impl $KeyPair {
            /// Makes a new pair from 32 bytes of `entropy`, which must fill its argument with
            /// unpredictable bytes: those of the operating system.
            ///
            /// ```
            #[doc = concat!("use zmtp_codec::", stringify!($KeyPair), ";")]
            ///
            /// # let os_random = |bytes: &mut [u8]| bytes.fill(7);
            #[doc = concat!("let keys = ", stringify!($KeyPair), "::generate(os_random);")]
            /// assert_eq!(keys.public_key().to_string().len(), 40);
            /// assert!(!format!("{keys:?}").contains(keys.secret_key().to_z85().as_str()));
            /// ```
            pub fn generate(mut entropy: impl FnMut(&mut [u8])) -> Self {
                let mut secret = $SecretKey::new([0; 32]);
                entropy(&mut secret.0[..]);
                secret.into()
            }

            /// The public key.
            pub fn public_key(&self) -> &$PublicKey {
                &self.public
            }

            /// The secret key.
            pub fn secret_key(&self) -> &$SecretKey {
                &self.secret
            }
        }

        impl From<$SecretKey> for $KeyPair {
            fn from(secret: $SecretKey) -> Self {
                Self { public: secret.public_key(), secret }
            }
        }
    };
}

#[cfg(feature = "curve")]
key_types!("CURVE", CurvePublicKey, CurveSecretKey, CurveKeyPair);

#[cfg(feature = "noise")]
key_types!("NOISE", NoisePublicKey, NoiseSecretKey, NoiseKeyPair);

#[cfg(all(test, feature = "curve"))]
mod tests {
    use super::*;

    /// The server's keys in libzmq's tests of CURVE.
    const PUBLIC: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    const SECRET: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

    #[test]
    fn key_round_trips_through_text() {
        let secret: CurveSecretKey = SECRET.parse().unwrap();
        assert_eq!(secret.to_z85().as_str(), SECRET);
        assert_eq!(secret.public_key().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse(), Ok(secret.public_key()));
        assert_eq!(CurveKeyPair::from(secret.clone()).secret_key(), &secret);
    }

    #[test]
    fn key_error_does_not_show_the_text() {
        let error = |text: &str| text.parse::<CurveSecretKey>().unwrap_err().to_string();
        assert!(error("abc").ends_with("shorter"));
        assert!(error(&SECRET.replace('J', "\"")).ends_with("not Z85"));
        assert!(error(&format!("{SECRET}0")).ends_with("longer"));
    }

    #[test]
    fn debug_hides_the_secret_key() {
        let keys = CurveKeyPair::from(SECRET.parse::<CurveSecretKey>().unwrap());
        let shown = format!("{keys:?}");
        assert!(shown.contains(PUBLIC) && shown.contains("CurveSecretKey(..)"), "{shown}");
    }
}
