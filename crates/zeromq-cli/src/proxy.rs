//! `zmq proxy`: forwards between two sockets, with optional capture and control sockets.

use std::ffi::OsString;

use futures_util::future::join_all;
use zeromq_async::{AnySocket, Context, SocketType};
use zeromq_util::proxy::{Proxy, ProxyError, ProxySide};

use crate::arguments::{End, ProxyArguments};
use crate::endpoints;
use crate::failure::Failure;
use crate::kind;
use crate::shutdown::{GRACE, close_within};
use crate::signals::Signals;
use crate::socket::Options;
use crate::tls;
use crate::warnings;

/// Forwards until a signal or a TERMINATE command.
pub(crate) async fn run(arguments: ProxyArguments) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let sockets = Sockets::open(&arguments)?;
    let handles: Vec<_> = sockets.all().map(|socket| socket.handle().clone()).collect();
    for handle in &handles {
        tokio::spawn(warnings::report(handle.events()));
    }
    let result = tokio::select! {
        result = forward(sockets, &arguments) => result,
        () = signals.recv() => Ok(()),
    };
    let unsent =
        join_all(handles.iter().map(|handle| close_within(handle, GRACE))).await.into_iter().sum();
    match unsent {
        0 => result,
        _ => result.and_then(|()| {
            let attachments = arguments.ends().map(|end| &end.attachment);
            Err(Failure::unsent(endpoints::list(attachments), unsent))
        }),
    }
}

/// The sockets of a proxy, before they bind and connect.
struct Sockets {
    front: AnySocket,
    back: AnySocket,
    capture: Option<AnySocket>,
    control: Option<AnySocket>,
}

impl Sockets {
    fn open(arguments: &ProxyArguments) -> Result<Self, Failure> {
        let ProxyArguments { frontend, backend, capture, control, tls } = arguments;
        let context = tls::context(tls, arguments.ends().map(|end| &end.attachment))?;
        let open = |end, other| open(&context, end, other);
        Ok(Self {
            front: open(frontend, Some(backend.kind))?,
            back: open(backend, Some(frontend.kind))?,
            capture: capture.as_ref().map(|end| open(end, None)).transpose()?,
            control: control.as_ref().map(|end| open(end, None)).transpose()?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &AnySocket> {
        [&self.front, &self.back].into_iter().chain(&self.capture).chain(&self.control)
    }
}

/// Opens a socket. `other` is the type of the socket on the other side.
fn open(context: &Context, end: &End, other: Option<SocketType>) -> Result<AnySocket, Failure> {
    let mut options = Options { context: context.clone(), ..Options::default() };
    // An XSUB forwards the subscriptions of the other side, if that side receives any.
    let forwards = end.kind == SocketType::XSub && other.is_none_or(SocketType::receives);
    if kind::subscribes(end.kind) && !forwards {
        options.subscriptions.push(OsString::new());
    }
    options.open(end.kind)
}

async fn forward(sockets: Sockets, arguments: &ProxyArguments) -> Result<(), Failure> {
    let handles = sockets.all().map(AnySocket::handle);
    let attachments: Vec<_> = handles.zip(arguments.ends().map(|end| &end.attachment)).collect();
    endpoints::attach(&attachments).await?;

    let Sockets { front, back, capture, control } = sockets;
    let mut proxy = Proxy::new(front, back);
    if let Some(control) = control {
        proxy = proxy.control(control);
    }
    let result = match capture {
        Some(capture) => proxy.capture(capture).run().await,
        None => proxy.run().await,
    };
    result.map(drop).map_err(|error| failure(error, arguments))
}

/// Adds the endpoint to an error.
fn failure(error: ProxyError, arguments: &ProxyArguments) -> Failure {
    let end = match error.side() {
        ProxySide::Front => Some(&arguments.frontend),
        ProxySide::Back => Some(&arguments.backend),
        ProxySide::Capture => arguments.capture.as_ref(),
        _ => arguments.control.as_ref(),
    };
    let Some(end) = end else { return Failure::error(error) };
    let subject = end.attachment.endpoint();
    match error {
        ProxyError::Receive { source, .. } => Failure::about(subject, source),
        ProxyError::Send { source, .. } => Failure::about(subject, source),
        error => Failure::about(subject, error),
    }
}
