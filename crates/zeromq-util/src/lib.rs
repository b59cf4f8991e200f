//! What is built on `zeromq-async` sockets: layers, tower services, typed sockets, proxies, metrics.
//!
//! | module | what it has | feature |
//! |---|---|---|
//! | [`layer`] | timeouts, rate limits, retries and more, around a socket or another layer | `layer` (default) |
//! | [`proxy`] | forwards messages between two sockets | `proxy` (default) |
//! | [`service`] | request and reply as tower services | `service` |
//! | [`typed`] | values instead of messages | `typed`; codecs: `json`, `msgpack`, `postcard`, `cbor` |
//! | [`metrics`] | a socket's counts for the `metrics` crate | `metrics` |
//!
//! Layers that compress need `lz4` or `zstd`. All modules use only the public API of
//! `zeromq-async`, so your own code can do what they do.
//!
//! # Cancel safety
//!
//! What happens when the future of an async method is dropped before it completes:
//!
//! | method | when dropped early |
//! |---|---|
//! | `layer::RecvExt::recv`, `typed::Typed::recv` | No message is lost. The next call receives it. |
//! | `layer::SendExt::send`, `typed::Typed::send` | The message was not sent. It is dropped. |
//! | `service::ClientDriver::run` | The socket is closed. Requests that wait fail. |
//! | `service::ResponseFuture` | The request is given up. Its reply is dropped when it comes. |
//! | `service::Server::run`, `run_until` | Requests that are being served get no reply. |
//! | `proxy::Proxy::run` | Nothing is lost. It can be run again. |

#![forbid(unsafe_code)]

#[cfg(feature = "layer")]
pub mod layer;
#[cfg(any(feature = "layer", feature = "service"))]
mod line;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "typed")]
pub mod typed;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/layers.md")]
struct LayersGuide;
