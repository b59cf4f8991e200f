//! Keys on the command line: in Z85, or in a file behind an `@`.

use std::path::Path;
use std::str::FromStr;

use zeromq_async::security::KeyError;
use zeromq_auth::{
    Certificate, CertificateKeyPair, CertificateKeys, FileError, KeyFile, read_text_file,
};

use super::Part;
use crate::arguments::{CurveArguments, NoiseArguments};
use crate::exit::Failure;

/// The options of a mechanism with keys.
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
    /// The part that the socket has, if any.
    pub(super) fn read<SecretKey, PublicKey, Pair>(
        &self,
    ) -> Result<Option<Part<Pair, PublicKey>>, Failure>
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
                Part::Client { keys, server_key: public((option, text))? }
            }
            _ => Part::Server { keys, allow },
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

/// Reads a key that is given in Z85, or in a file: a certificate, what `zmq keygen` prints, or
/// nothing but the key. What is wrong is told without the key.
fn read<K>(
    (option, text): (&str, &str),
    word: &str,
    parse: impl Fn(&str) -> Result<K, KeyError>,
    certificate: impl FnOnce(&Path) -> Result<K, FileError>,
) -> Result<K, Failure> {
    let path = match text.strip_prefix('@').map(Path::new) {
        Some(path) if path.exists() || !(is_no_path(text) && parse(text).is_ok()) => path,
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

/// Whether this is a key that begins with an `@`, and not the path of a file that is missing: that
/// may have 40 characters of Z85 as well, and must never become a key that everybody can guess. Keys
/// have nine characters or so that hardly stand in a path; one in 17,000 has fewer than three.
fn is_no_path(text: &str) -> bool {
    let odd = |c: &char| !c.is_ascii_alphanumeric() && !"./-".contains(*c);
    text.chars().skip(1).filter(odd).count() >= 3
}
