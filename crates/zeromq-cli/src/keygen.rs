//! Making keys, and hashes of passwords.

use zeroize::Zeroizing;
use zeromq_async::security::{generate_curve_keys, generate_noise_keys};
use zeromq_auth::{CurveSecretCertificate, FileError, NoiseSecretCertificate};

use crate::arguments::{KeyMechanism, KeygenArguments};
use crate::console;
use crate::exit::Failure;
use crate::password;

/// Makes a pair of keys, and prints it or writes it to files.
pub(crate) fn run(arguments: KeygenArguments) -> Result<(), Failure> {
    match (arguments.mechanism, arguments.out) {
        (KeyMechanism::Curve, None) => print(|| {
            let keys = generate_curve_keys();
            (keys.public_key().to_string(), keys.secret_key().to_z85())
        }),
        (KeyMechanism::Noise, None) => print(|| {
            let keys = generate_noise_keys();
            (keys.public_key().to_string(), keys.secret_key().to_z85())
        }),
        (KeyMechanism::Curve, Some(name)) => {
            CurveSecretCertificate::generate().write(name).map_err(unwritten)
        }
        (KeyMechanism::Noise, Some(name)) => {
            NoiseSecretCertificate::generate().write(name).map_err(unwritten)
        }
    }
}

/// Prints keys that can stand behind any option: none begins like an option or a file.
fn print(mut generate: impl FnMut() -> (String, Zeroizing<String>)) -> Result<(), Failure> {
    loop {
        let (public, secret) = generate();
        if !public.starts_with(['-', '@']) && !secret.starts_with(['-', '@']) {
            let text = Zeroizing::new(format!("public {public}\nsecret {}\n", *secret));
            return console::put(text.as_bytes());
        }
    }
}

fn unwritten(error: FileError) -> Failure {
    Failure::about("--out", error)
}

/// Prints the hash of the password that standard input has in its first line.
pub(crate) async fn hash_password() -> Result<(), Failure> {
    let password = password::read().await?;
    let hash = zeromq_auth::hash_password(&*password);
    console::put(format!("{hash}\n").as_bytes())
}
