//! Checking hashes, where it holds up nobody and not too many at a time.

use std::fmt::Display;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeromq_async::security::Password;

use super::hash::Hash;

/// A password cannot be checked just now.
#[derive(Debug, thiserror::Error)]
#[error("its password cannot be checked: {0}")]
pub(super) struct Unavailable(String);

impl Unavailable {
    pub(super) fn new(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

/// Checks so many hashes at a time, and has the others wait.
#[derive(Clone)]
pub(super) struct Verifier(Arc<Semaphore>);

impl Verifier {
    pub(super) fn new(at_a_time: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_a_time.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Whether the hash is the password's. Where it is not, or there is none, the decoys are checked
    /// as well, whatever they say.
    ///
    /// Dropped, it gives up its place in the queue; what has begun goes on to its end, and counts
    /// until then.
    pub(super) async fn verify(
        &self,
        hash: Option<Hash>,
        decoys: Vec<Hash>,
        password: Password,
    ) -> Result<bool, Unavailable> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(Unavailable::new)?;
        let check = spawn_blocking(move || {
            let _permit = permit;
            let is_right = hash.map_or(Ok(false), |hash| hash.is_of(&password))?;
            if !is_right {
                for decoy in decoys {
                    decoy.is_of(&password)?;
                }
            }
            Ok(is_right)
        });
        check.await.map_err(Unavailable::new)?
    }
}

impl Default for Verifier {
    /// Half of the cores are left to those who are in already.
    fn default() -> Self {
        Self::new(available_parallelism().map_or(1, |cores| cores.get() / 2))
    }
}

#[cfg(all(test, feature = "argon2"))]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use tokio::runtime;

    use super::*;

    /// "secret", hashed by the reference implementation in C.
    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AC+v+iUUNjKqIQVBDjpkAw";

    fn verify(verifier: &Verifier) -> impl Future<Output = Result<bool, Unavailable>> {
        let (verifier, hash) = (verifier.clone(), Hash::parse(HASH).expect("a hash"));
        async move { verifier.verify(Some(hash), Vec::new(), Password::new("secret")).await }
    }

    #[tokio::test]
    async fn excess_verifications_wait() {
        let verifier = Verifier::new(1);
        let first = verifier.0.clone().acquire_owned().await.unwrap();
        let mut second = std::pin::pin!(verify(&verifier));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.await.unwrap());
    }

    /// A peer that goes away and comes again must not have several checked at a time.
    #[test]
    fn dropped_verification_holds_its_permit() {
        let runtime = runtime::Builder::new_current_thread().max_blocking_threads(1).build();
        runtime.unwrap().block_on(async {
            let (release, held) = mpsc::channel::<()>();
            let holder = spawn_blocking(move || held.recv());
            let verifier = Verifier::new(1);
            assert!(verify(&verifier).now_or_never().is_none());
            assert_eq!(verifier.0.available_permits(), 0);
            drop(release);
            let _ = holder.await.unwrap();
            assert!(verify(&verifier).await.unwrap());
        });
    }
}
