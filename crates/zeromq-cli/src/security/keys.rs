//! Keys on the command line, given in Z85 or as `@FILE`.

use std::path::Path;
use std::str::FromStr;

use zeromq_async::security::KeyError;
use zeromq_auth::{
    Certificate, CertificateKeyPair, CertificateKeys, FileError, KeyFile, read_text_file,
};

use crate::arguments::{CurveArguments, NoiseArguments};
use crate::failure::Failure;

/// The role of a socket in CURVE or NOISE.
#[derive(Debug)]
pub(crate) enum Role<Pair, PublicKey> {
    Server {
        keys: Pair,
        /// The keys to allow; `None` allows any key.
        allow: Option<KeyFile>,
    },
    Client {
        keys: Pair,
        server_key: PublicKey,
    },
}

/// The options for CURVE or NOISE, each with its name.
pub(super) struct KeyArguments<'a> {
    server: bool,
    allow: (&'static str, Option<&'a Path>),
    server_key: (&'static str, Option<&'a str>),
    public_key: (&'static str, Option<&'a str>),
    secret_key: (&'static str, Option<&'a str>),
}

impl<'a> From<&'a CurveArguments> for KeyArguments<'a> {
    fn from(arguments: &'a CurveArguments) -> Self {
        Self {
            server: arguments.curve_server,
            allow: ("--curve-allow", arguments.curve_allow.as_deref()),
            server_key: ("--curve-server-key", arguments.curve_server_key.as_deref()),
            public_key: ("--curve-public-key", arguments.curve_public_key.as_deref()),
            secret_key: ("--curve-secret-key", arguments.curve_secret_key.as_deref()),
        }
    }
}

impl<'a> From<&'a NoiseArguments> for KeyArguments<'a> {
    fn from(arguments: &'a NoiseArguments) -> Self {
        Self {
            server: arguments.noise_server,
            allow: ("--noise-allow", arguments.noise_allow.as_deref()),
            server_key: ("--noise-server-key", arguments.noise_server_key.as_deref()),
            public_key: ("--noise-public-key", arguments.noise_public_key.as_deref()),
            secret_key: ("--noise-secret-key", arguments.noise_secret_key.as_deref()),
        }
    }
}

impl KeyArguments<'_> {
    /// The role of the socket. `None` if the options do not select this mechanism.
    pub(super) fn read<SecretKey, PublicKey, Pair>(
        &self,
    ) -> Result<Option<Role<Pair, PublicKey>>, Failure>
    where
        SecretKey: FromStr<Err = KeyError>,
        PublicKey: CertificateKeys<PublicKey = PublicKey> + FromStr<Err = KeyError> + Copy + Eq,
        Pair: CertificateKeyPair<PublicKey = PublicKey> + From<SecretKey> + Clone,
    {
        let (option, Some(secret)) = self.secret_key else { return Ok(None) };
        let keys = read(
            (option, secret),
            "secret",
            |text| text.parse::<SecretKey>().map(Pair::from),
            |path| Certificate::read(path).map(|read: Certificate<Pair>| read.keys().clone()),
        )?;
        if let (option, Some(text)) = self.public_key
            && public::<PublicKey>((option, text))? != *Certificate::new(keys.clone()).public_key()
        {
            let text = format!("this is not the public key of {}", self.secret_key.0);
            return Err(Failure::about(option, text));
        }
        let allow = match self.allow {
            (option, Some(path)) => {
                let list = KeyFile::open(path);
                Some(list.map_err(|error| Failure::about(option, error))?)
            }
            _ => None,
        };
        Ok(Some(match self.server_key {
            (option, Some(text)) if !self.server => {
                Role::Client { keys, server_key: public((option, text))? }
            }
            _ => Role::Server { keys, allow },
        }))
    }
}

fn public<K>(argument: (&str, &str)) -> Result<K, Failure>
where
    K: CertificateKeys<PublicKey = K> + FromStr<Err = KeyError> + Copy,
{
    read(argument, "public", str::parse, |path| {
        Certificate::read(path).map(|read: Certificate<K>| *read.public_key())
    })
}

/// Reads a key in Z85, or from a file with a certificate, the output of `zmq keygen`, or only the key.
/// Errors do not contain the key.
fn read<K>(
    (option, text): (&str, &str),
    word: &str,
    parse: impl Fn(&str) -> Result<K, KeyError>,
    certificate: impl FnOnce(&Path) -> Result<K, FileError>,
) -> Result<K, Failure> {
    let path = match text.strip_prefix('@').map(Path::new) {
        Some(path) if path.exists() || !(is_unlikely_path(text) && parse(text).is_ok()) => path,
        _ => return parse(text).map_err(|error| Failure::about(option, error)),
    };
    let about_file = |error: &dyn std::fmt::Display| {
        Failure::about(option, format_args!("{}: {error}", path.display()))
    };
    let content = read_text_file(path).map_err(|error| Failure::about(option, error))?;
    let mut lines = content.lines().map(str::trim);
    if lines.clone().any(|line| line.starts_with(&format!("{word}-key"))) {
        return certificate(path).map_err(|error| Failure::about(option, error));
    }
    let printed = lines.find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    parse(printed.unwrap_or(&content).trim()).map_err(|error| about_file(&error))
}

/// Whether text that begins with `@` is a key and not the path of a missing file.
///
/// The path may be valid Z85 too, and must not become a key that can be guessed. A key has about nine
/// characters that are unusual in paths; one key in 17,000 has fewer than three.
fn is_unlikely_path(text: &str) -> bool {
    let unusual = |c: &char| !c.is_ascii_alphanumeric() && !"./-".contains(*c);
    text.chars().skip(1).filter(unusual).count() >= 3
}
