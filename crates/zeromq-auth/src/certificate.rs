//! Certificates: key files in the format of CZMQ and pyzmq.

use std::path::Path;
use std::str::FromStr;

use zeroize::Zeroizing;
use zeromq_async::Metadata;

mod file;
mod keys;
mod zpl;

use crate::error::{CertificateError, FileError};
pub use keys::{CertificateKeyPair, CertificateKeys};
use zpl::Contents;
pub use zpl::PropertyError;

/// A public key or a key pair with metadata, stored in the file format of CZMQ and pyzmq.
///
/// | type | contains | file |
/// |---|---|---|
/// | `CurveCertificate`, `NoiseCertificate` | public key | `NAME.key` |
/// | `CurveSecretCertificate`, `NoiseSecretCertificate` | key pair | `NAME.key_secret` |
///
/// Certificates are not signed: distribute them over a trusted channel. Unknown sections and
/// properties are ignored. Reading and writing block the thread, so do both before the program
/// serves requests.
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
/// assert_eq!(alice.metadata().get("name").unwrap(), "Alice");
/// let allowed = KeyList::from_iter([*alice.public_key()]);
/// let server = RepSocket::builder().curve_server(own.keys().clone(), allowed).build();
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

/// A CURVE public key, stored in `NAME.key`.
#[cfg(feature = "curve")]
pub type CurveCertificate = Certificate<zeromq_async::security::CurvePublicKey>;

/// A CURVE key pair, stored in `NAME.key_secret`.
#[cfg(feature = "curve")]
pub type CurveSecretCertificate = Certificate<zeromq_async::security::CurveKeyPair>;

/// A NOISE public key, stored in `NAME.key` in a section named `noise`.
#[cfg(feature = "noise")]
pub type NoiseCertificate = Certificate<zeromq_async::security::NoisePublicKey>;

/// A NOISE key pair, stored in `NAME.key_secret` in a section named `noise`.
#[cfg(feature = "noise")]
pub type NoiseSecretCertificate = Certificate<zeromq_async::security::NoiseKeyPair>;

impl<K: CertificateKeys> Certificate<K> {
    /// Creates a certificate without metadata.
    pub fn new(keys: K) -> Self {
        Self { keys, metadata: Metadata::new() }
    }

    /// Adds a property to the metadata, such as a name or an address.
    ///
    /// # Errors
    ///
    /// The file format cannot represent the name or the value.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, PropertyError> {
        zpl::check(name, value)?;
        self.metadata.insert(name, value.to_owned())?;
        Ok(self)
    }

    /// Reads a certificate from a file. A public certificate can be read from a file with a key
    /// pair.
    ///
    /// A `tracing` event of level WARN is logged if other users can read a file with a secret key, as
    /// is the case for files that pyzmq writes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not contain the keys.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let text = file::read(path, K::HAS_SECRET)?;
        text.parse().map_err(|source| FileError::Certificate { path: path.to_owned(), source })
    }

    /// The text of the file, including the secret key if there is one.
    pub fn to_zpl(&self) -> Zeroizing<String> {
        self.contents(self.keys.secret_text()).to_zpl()
    }

    /// Writes the public key and the metadata to a new file, conventionally `NAME.key`. A secret key
    /// is not written.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or exists already.
    pub fn write_public(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        file::create(path.as_ref(), &self.contents(None).to_zpl(), false)
    }

    /// The public key.
    pub fn public_key(&self) -> &K::PublicKey {
        self.keys.public_key()
    }

    /// The properties other than keys.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn contents(&self, secret_key: Option<Zeroizing<String>>) -> Contents<'_> {
        let public_key = self.keys.public_key().to_string();
        Contents { section: K::SECTION, public_key, secret_key, metadata: &self.metadata }
    }
}

impl<K: CertificateKeyPair> Certificate<K> {
    /// Creates a certificate with a new key pair.
    ///
    /// # Panics
    ///
    /// The operating system provides no randomness.
    pub fn generate() -> Self {
        Self::new(K::generate())
    }

    /// The key pair.
    pub fn keys(&self) -> &K {
        &self.keys
    }

    /// Writes two new files: `NAME.key` with the public key, and `NAME.key_secret` with both keys. On
    /// Unix only the owner can read the latter.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or exists already. Existing files are never overwritten, and no new
    /// file is left behind.
    pub fn write(&self, name: impl AsRef<Path>) -> Result<(), FileError> {
        let [public, secret] = [".key", ".key_secret"].map(|suffix| {
            let mut path = name.as_ref().as_os_str().to_owned();
            path.push(suffix);
            path
        });
        self.write_public(&public)?;
        file::create(secret.as_ref(), &self.to_zpl(), true)
            .inspect_err(|_| file::remove(public.as_ref()))
    }
}

impl<K: CertificateKeys> FromStr for Certificate<K> {
    type Err = CertificateError;

    fn from_str(text: &str) -> Result<Self, CertificateError> {
        let properties = zpl::Properties::parse(text, K::SECTION)?;
        Ok(Self { keys: K::from_properties(&properties)?, metadata: properties.metadata })
    }
}

/// Reads the public key and metadata of a certificate of any mechanism.
pub(crate) fn read_any(path: &Path) -> Result<([u8; 32], Metadata), FileError> {
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
