//! `zmq keygen` and `zmq hash-password`.

use zeroize::Zeroizing;
use zeromq_async::security::{generate_curve_keys, generate_noise_keys};
use zeromq_auth::{CurveSecretCertificate, FileError, NoiseSecretCertificate};

use crate::arguments::{KeyMechanism, KeygenArguments};
use crate::console;
use crate::failure::Failure;
use crate::password;

/// Generates a key pair, and prints it or writes it to files.
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
            CurveSecretCertificate::generate().write(name).map_err(write_error)
        }
        (KeyMechanism::Noise, Some(name)) => {
            NoiseSecretCertificate::generate().write(name).map_err(write_error)
        }
    }
}

/// Prints keys that do not begin like an option or like `@FILE`.
fn print(mut generate: impl FnMut() -> (String, Zeroizing<String>)) -> Result<(), Failure> {
    loop {
        let (public, secret) = generate();
        if !public.starts_with(['-', '@']) && !secret.starts_with(['-', '@']) {
            let text = Zeroizing::new(format!("public {public}\nsecret {}\n", *secret));
            return console::print(text.as_bytes());
        }
    }
}

fn write_error(error: FileError) -> Failure {
    Failure::about("--out", error)
}

/// Prints the hash of the password in the first line of standard input.
pub(crate) async fn hash_password() -> Result<(), Failure> {
    let password = password::read().await?;
    let hash = zeromq_auth::hash_password(&*password);
    console::print(format!("{hash}\n").as_bytes())
}
