//! The transports of a context, by scheme.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::error::with_context;
use super::{Io, Listener, Tcp, Transport, TransportOptions};
use crate::endpoint::{Endpoint, EndpointError, check_scheme};
use crate::error::{BindError, ConnectError};

/// The transports of a context. It begins with those of this crate.
#[derive(Clone)]
pub(crate) struct Transports(BTreeMap<String, Arc<dyn DynTransport>>);

impl Default for Transports {
    fn default() -> Self {
        let mut known = Self(BTreeMap::new());
        known.put("tcp", Tcp);
        #[cfg(unix)]
        known.put("ipc", super::Ipc);
        #[cfg(feature = "tls")]
        known.put("tls", super::Tls);
        #[cfg(feature = "quic")]
        known.put("quic", super::Quic);
        #[cfg(feature = "vsock")]
        known.put("vsock", super::Vsock);
        known
    }
}

impl Transports {
    /// Adds a transport, and replaces one with the same scheme.
    pub(crate) fn add(
        &mut self,
        scheme: &str,
        transport: impl Transport,
    ) -> Result<(), EndpointError> {
        check_scheme(&format!("{scheme}://"), scheme)?;
        self.put(scheme, transport);
        Ok(())
    }

    fn put(&mut self, scheme: &str, transport: impl Transport) {
        self.0.insert(scheme.into(), Arc::new(transport));
    }

    /// Refuses an endpoint of an unknown scheme.
    fn check_scheme(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        match endpoint {
            Endpoint::Other(other) if !self.0.contains_key(other.scheme()) => {
                Err(EndpointError::UnknownScheme {
                    endpoint: endpoint.to_string(),
                    scheme: other.scheme().into(),
                    known: self.schemes(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether the endpoint's transport needs Tokio's I/O driver.
    pub(crate) fn needs_io_driver(&self, endpoint: &Endpoint) -> bool {
        self.get(endpoint).is_ok_and(DynTransport::needs_io_driver)
    }

    /// Refuses to connect if no attempt can succeed.
    pub(crate) fn check_connectable(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<(), ConnectError> {
        endpoint.check_connectable()?;
        if !endpoint.is_supported() {
            return Err(ConnectError::Unsupported { endpoint: endpoint.clone() });
        }
        self.check_scheme(endpoint)?;
        self.check_options(endpoint, options).map_err(|source| match invalid_endpoint(source) {
            Ok(invalid) => invalid.into(),
            Err(source) if source.kind() == io::ErrorKind::Unsupported => {
                ConnectError::Unsupported { endpoint: endpoint.clone() }
            }
            Err(source) => ConnectError::OptionRefused { endpoint: endpoint.clone(), source },
        })
    }

    /// Refuses to bind with options that the system does not accept.
    pub(crate) fn check_bind_options(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<(), BindError> {
        self.check_options(endpoint, options).map_err(|source| match invalid_endpoint(source) {
            Ok(invalid) => invalid.into(),
            Err(source) if source.kind() == io::ErrorKind::Unsupported => {
                BindError::Unsupported { endpoint: endpoint.clone() }
            }
            Err(source) => BindError::OptionRefused { endpoint: endpoint.clone(), source },
        })
    }

    fn check_options(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        self.get(endpoint).map_or(Ok(()), |transport| transport.check(endpoint, options))
    }

    fn schemes(&self) -> Vec<String> {
        let inproc = "inproc".to_owned();
        self.0.keys().filter(|scheme| **scheme != inproc).cloned().chain([inproc.clone()]).collect()
    }

    fn get(&self, endpoint: &Endpoint) -> io::Result<&dyn DynTransport> {
        let transport = match endpoint {
            Endpoint::Inproc(_) => None, // It is not a byte stream, whatever was added as `inproc`.
            _ => self.0.get(endpoint.scheme()),
        };
        transport.map(|transport| &**transport).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Listens at an endpoint. Dropped early, nothing is bound.
    pub(crate) async fn bind(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        endpoint.check_bindable()?;
        if !endpoint.is_supported() {
            return Err(BindError::Unsupported { endpoint: endpoint.clone() });
        }
        self.check_scheme(endpoint)?;
        self.check_bind_options(endpoint, options)?;
        let listening = async { self.get(endpoint)?.listen(endpoint, options).await };
        listening.await.map_err(|error| BindError::from_io(endpoint, error))
    }

    /// Makes one attempt to connect.
    pub(crate) async fn dial(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<Io> {
        let dialed = async { self.get(endpoint)?.dial(endpoint, options).await };
        dialed.await.map_err(|error| with_context(error, format!("cannot connect to {endpoint}")))
    }
}

impl fmt::Debug for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// The error of a transport that does not accept the address, or the error itself.
fn invalid_endpoint(error: io::Error) -> Result<EndpointError, io::Error> {
    error.downcast()
}

/// A [`Transport`] as a trait object. It boxes a future for each attempt, not for each message.
trait DynTransport: Send + Sync {
    fn listen<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn Listener>>;

    fn dial<'a>(&'a self, endpoint: &'a Endpoint, options: &'a TransportOptions) -> Boxed<'a, Io>;

    fn needs_io_driver(&self) -> bool;
    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()>;
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

impl<T: Transport> DynTransport for T {
    fn listen<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let listener = Transport::listen(self, endpoint, options).await?;
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }

    fn dial<'a>(&'a self, endpoint: &'a Endpoint, options: &'a TransportOptions) -> Boxed<'a, Io> {
        Box::pin(Transport::dial(self, endpoint, options))
    }

    fn needs_io_driver(&self) -> bool {
        Transport::needs_io_driver(self)
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        Transport::check(self, endpoint, options)
    }
}
