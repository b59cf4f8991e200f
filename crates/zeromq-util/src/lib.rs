//! Layers, tower services, typed sockets, proxies and metrics for [`zeromq_async`] sockets.
//!
//! | module | contents | feature |
//! |---|---|---|
//! | [`layer`] | rate limits, retries and more, around a socket or another layer | `layer` (default) |
//! | [`proxy`] | a proxy between two sockets | `proxy` (default) |
//! | [`service`] | request and reply as tower services | `service` |
//! | [`typed`] | sockets that send and receive values | `typed`; codecs: `json`, `msgpack`, `postcard`, `cbor` |
//! | [`metrics`] | a socket's counters for the `metrics` crate | `metrics` |
//!
//! The compression layers need `lz4` or `zstd`. All modules use only the public API of
//! `zeromq-async`, so your own code can do the same.
//!
//! # Cancel safety
//!
//! What dropping the future of an async method does before it completes:
//!
//! | method | when dropped early |
//! |---|---|
//! | `layer::RecvExt::recv`, `typed::Typed::recv` | No message is lost. The next call receives it. |
//! | `layer::SendExt::send`, `typed::Typed::send` | The message was not sent. It is dropped. |
//! | `service::ClientDriver::run` | The socket is closed. Requests that wait fail. |
//! | `service::ResponseFuture` | The request is canceled. Its reply is dropped when it comes. |
//! | `service::Server::run`, `run_until` | Requests that are being served get no reply. |
//! | `proxy::Proxy::run` | Nothing is lost. It can be run again. |

#![forbid(unsafe_code)]

#[cfg(any(feature = "layer", feature = "service"))]
mod detach;
#[cfg(feature = "layer")]
pub mod layer;
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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
