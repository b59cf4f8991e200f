//! The transports of a context, by scheme.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::error::{invalid_input, with_context};
use super::{
    DatagramSocket, DatagramTransport, Io, Listener, Tcp, Transport, TransportOptions, Udp,
};
use crate::endpoint::{Endpoint, EndpointError, EndpointErrorKind, check_scheme};
use crate::error::{BindError, BindErrorKind, ConnectError, ConnectErrorKind};

/// The transports of a context. It begins with those of this crate.
#[derive(Clone)]
pub(crate) struct Transports(BTreeMap<String, Registered>);

#[derive(Clone)]
enum Registered {
    Streams(Arc<dyn DynTransport>),
    Datagrams(Arc<dyn DynDatagramTransport>),
}

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
        known.put_datagrams("udp", Udp);
        #[cfg(feature = "ws")]
        known.put("ws", super::Ws);
        #[cfg(all(feature = "tls", feature = "ws"))]
        known.put("wss", super::Wss);
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
        check_scheme(scheme).map_err(|kind| kind.of(format_args!("{scheme}://")))?;
        self.put(scheme, transport);
        Ok(())
    }

    /// The same for datagrams.
    pub(crate) fn add_datagrams(
        &mut self,
        scheme: &str,
        transport: impl DatagramTransport,
    ) -> Result<(), EndpointError> {
        check_scheme(scheme).map_err(|kind| kind.of(format_args!("{scheme}://")))?;
        self.put_datagrams(scheme, transport);
        Ok(())
    }

    fn put(&mut self, scheme: &str, transport: impl Transport) {
        self.0.insert(scheme.into(), Registered::Streams(Arc::new(transport)));
    }

    fn put_datagrams(&mut self, scheme: &str, transport: impl DatagramTransport) {
        self.0.insert(scheme.into(), Registered::Datagrams(Arc::new(transport)));
    }

    /// The transport of an endpoint of datagrams.
    pub(crate) fn datagrams(&self, endpoint: &Endpoint) -> Option<Arc<dyn DynDatagramTransport>> {
        match self.registered(endpoint)? {
            Registered::Datagrams(transport) => Some(transport.clone()),
            Registered::Streams(_) => None,
        }
    }

    /// Refuses an endpoint of an unknown scheme.
    fn check_scheme(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        match endpoint {
            Endpoint::Other(other) if !self.0.contains_key(other.scheme()) => {
                let (scheme, known) = (other.scheme().into(), self.schemes());
                Err(EndpointErrorKind::UnknownScheme { scheme, known }.of(endpoint))
            }
            _ => Ok(()),
        }
    }

    /// Whether the endpoint's transport needs Tokio's I/O driver.
    pub(crate) fn needs_io_driver(&self, endpoint: &Endpoint) -> bool {
        match self.registered(endpoint) {
            Some(Registered::Streams(transport)) => transport.needs_io_driver(),
            Some(Registered::Datagrams(transport)) => transport.needs_io_driver(),
            None => false,
        }
    }

    /// Refuses to connect if no attempt can succeed.
    pub(crate) fn check_connectable(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<(), ConnectError> {
        endpoint.check_connectable()?;
        if !endpoint.is_supported() {
            return Err(ConnectError::new(endpoint, ConnectErrorKind::Unsupported));
        }
        self.check_scheme(endpoint)?;
        self.check_options(endpoint, options)
            .map_err(|error| ConnectError::option_refused(endpoint, error))
    }

    /// Refuses to bind with options that the system does not accept.
    pub(crate) fn check_bind_options(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<(), BindError> {
        self.check_options(endpoint, options)
            .map_err(|error| BindError::option_refused(endpoint, error))
    }

    fn check_options(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        match self.registered(endpoint) {
            Some(Registered::Streams(transport)) => transport.check(endpoint, options),
            Some(Registered::Datagrams(transport)) => transport.check(endpoint, options),
            None => Ok(()),
        }
    }

    fn schemes(&self) -> Vec<String> {
        let inproc = "inproc".to_owned();
        self.0.keys().filter(|scheme| **scheme != inproc).cloned().chain([inproc.clone()]).collect()
    }

    fn registered(&self, endpoint: &Endpoint) -> Option<&Registered> {
        match endpoint {
            Endpoint::Inproc(_) => None, // It is not a byte stream, whatever was added as `inproc`.
            _ => self.0.get(endpoint.scheme()),
        }
    }

    fn get(&self, endpoint: &Endpoint) -> io::Result<&dyn DynTransport> {
        match self.registered(endpoint) {
            Some(Registered::Streams(transport)) => Ok(&**transport),
            Some(Registered::Datagrams(_)) => {
                Err(invalid_input(format!("{endpoint} has datagrams and no byte streams")))
            }
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Refuses to bind if that cannot succeed.
    pub(crate) fn check_bindable(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<(), BindError> {
        endpoint.check_bindable()?;
        if !endpoint.is_supported() {
            return Err(BindError::new(endpoint, BindErrorKind::Unsupported));
        }
        self.check_scheme(endpoint)?;
        self.check_bind_options(endpoint, options)
    }

    /// Listens at an endpoint. Dropped early, nothing is bound.
    pub(crate) async fn bind(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        self.check_bindable(endpoint, options)?;
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

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

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

/// A [`DatagramTransport`] as a trait object.
pub(crate) trait DynDatagramTransport: Send + Sync {
    fn bind<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn DatagramSocket>>;

    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn DatagramSocket>>;

    fn max_datagram(&self) -> usize;
    fn needs_io_driver(&self) -> bool;
    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()>;
}

/// The most that a transport can say. Each endpoint has a buffer of that size.
const MAX_DATAGRAM: usize = 1 << 20;

impl<T: DatagramTransport> DynDatagramTransport for T {
    fn bind<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn DatagramSocket>> {
        Box::pin(async move {
            let socket = DatagramTransport::bind(self, endpoint, options).await?;
            Ok(Box::new(socket) as Box<dyn DatagramSocket>)
        })
    }

    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TransportOptions,
    ) -> Boxed<'a, Box<dyn DatagramSocket>> {
        Box::pin(async move {
            let connected = DatagramTransport::connect(self, endpoint, options).await;
            let socket = connected
                .map_err(|error| with_context(error, format!("cannot connect to {endpoint}")))?;
            Ok(Box::new(socket) as Box<dyn DatagramSocket>)
        })
    }

    fn max_datagram(&self) -> usize {
        DatagramTransport::max_datagram(self).min(MAX_DATAGRAM)
    }

    fn needs_io_driver(&self) -> bool {
        DatagramTransport::needs_io_driver(self)
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        DatagramTransport::check(self, endpoint, options)
    }
}
