//! Byte streams of the standard library over tcp and ipc.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::process::Failure;

/// A transport and an address, from an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Tcp(String),
    Ipc(String),
}

pub(super) enum Listener {
    Tcp(TcpListener),
    Ipc(UnixListener, String),
}

impl Address {
    pub(super) fn parse(endpoint: &str) -> Result<Self, Failure> {
        match endpoint.split_once("://") {
            Some(("tcp", address)) => Ok(Self::Tcp(address.replace('*', "0"))),
            Some(("ipc", path)) => Ok(Self::Ipc(path.to_owned())),
            _ => Err(Failure::new(format!("bare sockets do not support {endpoint}"))),
        }
    }

    pub(super) fn bind(&self) -> Result<Listener, Failure> {
        match self {
            Self::Tcp(address) => TcpListener::bind(address).map(Listener::Tcp),
            Self::Ipc(path) => {
                UnixListener::bind(path).map(|listener| Listener::Ipc(listener, path.clone()))
            }
        }
        .map_err(Failure::new)
    }

    pub(super) fn connect(&self) -> Result<Box<dyn Write>, Failure> {
        match self {
            Self::Tcp(address) => TcpStream::connect(address).map(|s| Box::new(s) as Box<_>),
            Self::Ipc(path) => UnixStream::connect(path).map(|s| Box::new(s) as Box<_>),
        }
        .map_err(Failure::new)
    }
}

impl Listener {
    /// The bound endpoint.
    pub(super) fn endpoint(&self) -> Result<String, Failure> {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map(|address| format!("tcp://{address}"))
                .map_err(Failure::new),
            Self::Ipc(_, path) => Ok(format!("ipc://{path}")),
        }
    }

    pub(super) fn accept(&self) -> Result<Box<dyn Read>, Failure> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(s, _)| Box::new(s) as Box<_>),
            Self::Ipc(listener, _) => listener.accept().map(|(s, _)| Box::new(s) as Box<_>),
        }
        .map_err(Failure::new)
    }
}
