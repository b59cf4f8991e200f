//! Keys in files: certificates as CZMQ and pyzmq write them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;
use zeromq_async::Metadata;

mod error;
mod file;
mod keys;
mod text;

use super::from_file::FileError;
pub use error::{CertificateError, PropertyError};
pub use keys::{CertificateKeyPair, CertificateKeys};
use text::Parts;

/// A public key or a key pair, with what else is said of its holder, as CZMQ and pyzmq have it in
/// files: what one gives to others, or keeps for oneself.
///
/// | | for | file |
/// |---|---|---|
/// | `CurveCertificate`, `NoiseCertificate` | others | `NAME.key` |
/// | `CurveSecretCertificate`, `NoiseSecretCertificate` | oneself | `NAME.key_secret` |
///
/// Nobody signs a certificate: whoever gets one has to know from whom. Sections and properties that
/// mean nothing here are skipped. Reading and writing block the thread, so do them before the
/// program serves.
///
/// ```
/// # #[cfg(not(feature = "curve"))] fn main() {}
/// # #[cfg(feature = "curve")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::{CurveCertificate, CurveSecretCertificate};
/// use zeromq_async::{RepSocket, ReqSocket, security::KeyList};
///
/// # let folder = std::env::temp_dir().join(format!("zmq-certificates-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let in_folder = |name: &str| folder.join(name);
/// CurveSecretCertificate::generate().write(in_folder("server"))?;
/// CurveSecretCertificate::generate().with("name", "Alice")?.write(in_folder("alice"))?;
///
/// let own = CurveSecretCertificate::read(in_folder("server.key_secret"))?;
/// let alice = CurveCertificate::read(in_folder("alice.key"))?;
/// let known = KeyList::from_iter([*alice.public_key()]);
/// let server = RepSocket::builder().curve_server(own.keys().clone(), known).build();
///
/// let own = CurveSecretCertificate::read(in_folder("alice.key_secret"))?;
/// let server_key = *CurveCertificate::read(in_folder("server.key"))?.public_key();
/// let client = ReqSocket::builder().curve_client(own.keys().clone(), server_key).build();
/// # drop((server, client));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate<K> {
    keys: K,
    metadata: Metadata,
}

/// A CURVE public key in a file, `NAME.key`.
#[cfg(feature = "curve")]
pub type CurveCertificate = Certificate<zeromq_async::security::CurvePublicKey>;

/// A CURVE key pair in a file, `NAME.key_secret`.
#[cfg(feature = "curve")]
pub type CurveSecretCertificate = Certificate<zeromq_async::security::CurveKeyPair>;

/// A NOISE public key in a file, `NAME.key`: as for CURVE, in a section called `noise`.
#[cfg(feature = "noise")]
pub type NoiseCertificate = Certificate<zeromq_async::security::NoisePublicKey>;

/// A NOISE key pair in a file, `NAME.key_secret`: as for CURVE, in a section called `noise`.
#[cfg(feature = "noise")]
pub type NoiseSecretCertificate = Certificate<zeromq_async::security::NoiseKeyPair>;

impl<K: CertificateKeys> Certificate<K> {
    /// A certificate with nothing but keys.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_async::security::CurvePublicKey;
    /// use zeromq_auth::CurveCertificate;
    ///
    /// let certificate = CurveCertificate::new(CurvePublicKey::new([7; 32]));
    /// assert!(certificate.metadata().is_empty());
    /// # }
    /// ```
    pub fn new(keys: K) -> Self {
        Self { keys, metadata: Metadata::new() }
    }

    /// The certificate with one more property, such as a name or an address.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_async::security::CurvePublicKey;
    /// use zeromq_auth::CurveCertificate;
    ///
    /// let certificate = CurveCertificate::new(CurvePublicKey::new([7; 32]));
    /// let of_alice = certificate.clone().with("email", "alice@example.com").unwrap();
    /// assert_eq!(of_alice.metadata().get("email").unwrap(), "alice@example.com");
    /// assert!(certificate.with("two words", "").is_err());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the name or the value cannot be written.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, PropertyError> {
        text::check(name, value)?;
        self.metadata.insert(name, value.to_owned())?;
        Ok(self)
    }

    /// Reads a file. From one with a key pair, a certificate for others takes the public key alone.
    ///
    /// A file with a secret key that others may read is told in a `tracing` event of level WARN:
    /// pyzmq makes such files.
    ///
    /// ```no_run
    /// # #[cfg(not(feature = "curve"))] fn main() {}
    /// # #[cfg(feature = "curve")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_auth::{CurveCertificate, CurveSecretCertificate};
    ///
    /// let own_keys = CurveSecretCertificate::read("client.key_secret")?.keys().clone();
    /// let server_key = *CurveCertificate::read("server.key")?.public_key();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or does not have the keys.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        file::read(path.as_ref())
    }

    /// The text of the file; with a secret key, it is for a place that nobody else may read.
    ///
    /// ```
    /// # #[cfg(not(feature = "curve"))] fn main() {}
    /// # #[cfg(feature = "curve")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// let certificate = CurveSecretCertificate::generate();
    /// let read: CurveSecretCertificate = certificate.to_zpl().parse()?;
    /// assert_eq!(read, certificate);
    /// # Ok(()) }
    /// ```
    pub fn to_zpl(&self) -> Zeroizing<String> {
        text::write(&self.keys, self.keys.secret_text(), &self.metadata)
    }

    /// Writes a new file with the public key, and with no secret whatever the certificate has:
    /// `NAME.key` by convention.
    ///
    /// ```no_run
    /// # #[cfg(not(feature = "curve"))] fn main() {}
    /// # #[cfg(feature = "curve")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_auth::CurveCertificate;
    ///
    /// let key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".parse()?;
    /// CurveCertificate::new(key).with("name", "Alice")?.write_public("alice.key")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is there already.
    pub fn write_public(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        file::create(path.as_ref(), &text::write(&self.keys, None, &self.metadata), false)
    }

    /// The public key.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// let certificate = CurveSecretCertificate::generate();
    /// assert_eq!(certificate.public_key(), certificate.keys().public_key());
    /// # }
    /// ```
    pub fn public_key(&self) -> &K::PublicKey {
        self.keys.public_key()
    }

    /// What else is said of the holder.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// assert!(CurveSecretCertificate::generate().metadata().is_empty());
    /// # }
    /// ```
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl<K: CertificateKeyPair> Certificate<K> {
    /// A certificate with a new key pair.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// let certificate = CurveSecretCertificate::generate();
    /// # drop(certificate);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        Self::new(K::generate())
    }

    /// The key pair.
    ///
    /// ```
    /// # #[cfg(feature = "curve")] {
    /// use zeromq_async::ReqSocket;
    /// use zeromq_async::security::CurvePublicKey;
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// let keys = CurveSecretCertificate::generate().keys().clone();
    /// let server_key = CurvePublicKey::new([7; 32]);
    /// let req = ReqSocket::builder().curve_client(keys, server_key).build();
    /// # drop(req);
    /// # }
    /// ```
    pub fn keys(&self) -> &K {
        &self.keys
    }

    /// Writes two new files: `NAME.key` for others, and `NAME.key_secret`, which nobody but its
    /// owner may read (where there are Unix permissions).
    ///
    /// ```no_run
    /// # #[cfg(not(feature = "curve"))] fn main() {}
    /// # #[cfg(feature = "curve")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_auth::CurveSecretCertificate;
    ///
    /// CurveSecretCertificate::generate().write("server")?; // server.key, server.key_secret
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When they cannot be written, or one of them is there already: no key is overwritten. None is
    /// left then that was not there before.
    pub fn write(&self, name: impl AsRef<Path>) -> Result<(), FileError> {
        let public = with_suffix(name.as_ref(), ".key");
        let secret = with_suffix(name.as_ref(), ".key_secret");
        self.write_public(&public)?;
        file::create(&secret, &self.to_zpl(), true).inspect_err(|_| file::remove(&public))
    }
}

/// The key and metadata of a certificate of any mechanism.
pub(super) fn read_any(path: &Path) -> Result<([u8; 32], Metadata), FileError> {
    fn parts<K: CertificateKeys<PublicKey: Into<[u8; 32]> + Copy>>(
        read: Certificate<K>,
    ) -> ([u8; 32], Metadata) {
        ((*read.public_key()).into(), read.metadata)
    }
    #[cfg(all(feature = "curve", feature = "noise"))]
    match NoiseCertificate::read(path) {
        Err(FileError::Certificate { source: CertificateError::Missing { .. }, .. }) => {}
        read => return read.map(parts),
    }
    #[cfg(feature = "curve")]
    return CurveCertificate::read(path).map(parts);
    #[cfg(not(feature = "curve"))]
    return NoiseCertificate::read(path).map(parts);
}

/// The path with `suffix` behind its last part.
fn with_suffix(name: &Path, suffix: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

impl<K: CertificateKeys> FromStr for Certificate<K> {
    type Err = CertificateError;

    fn from_str(text: &str) -> Result<Self, CertificateError> {
        let parts = Parts::of(text, K::SECTION)?;
        Ok(Self { keys: K::from_parts(&parts)?, metadata: parts.metadata })
    }
}
