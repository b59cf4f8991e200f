//! Verifying hashes on blocking threads, with a limit on how many run at once.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeromq_async::security::Password;

use super::hash::{Hash, VerifyError};

#[derive(Clone)]
pub(super) struct Verifier(Arc<Semaphore>);

impl Verifier {
    pub(super) fn new(max_concurrent: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_concurrent.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Whether the hash matches the password. If it does not, or there is no hash, the decoys are
    /// verified too and their results are ignored.
    ///
    /// Dropping the future before a permit is free gives up its position in the queue. A
    /// verification that has begun runs to its end and keeps its permit until then.
    pub(super) async fn verify(
        &self,
        hash: Option<Hash>,
        decoys: Vec<Hash>,
        password: Password,
    ) -> Result<bool, VerifyError> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(VerifyError::new)?;
        let verification = spawn_blocking(move || {
            let _permit = permit;
            let matches = hash.map_or(Ok(false), |hash| hash.matches(&password))?;
            if !matches {
                for decoy in decoys {
                    decoy.matches(&password)?;
                }
            }
            Ok(matches)
        });
        verification.await.map_err(VerifyError::new)?
    }
}

impl Default for Verifier {
    /// Half of the cores stay free for connected peers.
    fn default() -> Self {
        Self::new(available_parallelism().map_or(1, |cores| cores.get() / 2))
    }
}

#[cfg(test)]
#[cfg(feature = "argon2")]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use tokio::runtime;

    use super::*;

    /// The hash of "secret", made with the reference implementation in C.
    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AC+v+iUUNjKqIQVBDjpkAw";

    fn verify(verifier: &Verifier) -> impl Future<Output = Result<bool, VerifyError>> {
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

    /// A peer that reconnects must not cause several verifications at once.
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
