//! A configuration of rustls, made again when a certificate or an authority changes.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::sign::CertifiedKey;

use super::error::TlsConfigError;
use crate::sync::Mutex;

/// What a configuration is made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) certificate: Option<Arc<CertifiedKey>>,
    pub(super) roots: Option<Arc<RootCertStore>>,
}

/// The last configuration. Clones share it.
pub(super) struct ConfigCache<C>(Arc<Mutex<Option<Made<C>>>>);

struct Made<C> {
    parts: Parts,
    config: Arc<C>,
}

impl<C> ConfigCache<C> {
    /// The configuration of these parts.
    pub(super) fn get(
        &self,
        parts: Parts,
        make: impl FnOnce(Parts) -> Result<C, TlsConfigError>,
    ) -> Result<Arc<C>, TlsConfigError> {
        let mut last = self.0.lock();
        if let Some(made) = &*last
            && made.parts.are(&parts)
        {
            return Ok(made.config.clone());
        }
        let config = Arc::new(make(parts.clone())?);
        *last = Some(Made { parts, config: config.clone() });
        Ok(config)
    }

    /// Whether one is a clone of the other.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Parts {
    fn are(&self, other: &Self) -> bool {
        is_same(self.certificate.as_ref(), other.certificate.as_ref())
            && is_same(self.roots.as_ref(), other.roots.as_ref())
    }
}

fn is_same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl<C> Default for ConfigCache<C> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }
}

impl<C> Clone for ConfigCache<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> fmt::Debug for ConfigCache<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigCache(..)")
    }
}
