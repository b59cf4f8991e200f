//! Public calls from outside the socket's runtime: from any thread, and inside another runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};
use std::thread;

use zeromq_async::transport::TransportOptions;
use zeromq_async::{
    BindError, BindErrorKind, Context, Endpoint, PullSocket, PushSocket, RuntimeDriver,
};

use crate::{Driven, Ending, FLAVORS, Flavor, any_endpoint, runtime};
use support::{ANY_PORT, ReservedPort, fast_reconnect, within};

const MESSAGES: usize = 5;

/// The context of a call.
#[derive(Debug, Clone, Copy)]
enum CallSite {
    PlainThread,
    Unwinding,
    OtherRuntime,
    RuntimeThatEnds,
    RuntimeWithoutDrivers,
    Blocking,
    ThreadLocal,
}

const CALL_SITES: [CallSite; 7] = [
    CallSite::PlainThread,
    CallSite::Unwinding,
    CallSite::OtherRuntime,
    CallSite::RuntimeThatEnds,
    CallSite::RuntimeWithoutDrivers,
    CallSite::Blocking,
    CallSite::ThreadLocal,
];

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

thread_local! {
    static KEPT: std::cell::RefCell<Option<Box<dyn std::any::Any>>> = const { std::cell::RefCell::new(None) };
}

impl CallSite {
    fn call(self, call: impl FnOnce() + Send + 'static) {
        thread::spawn(move || match self {
            Self::PlainThread => call(),
            Self::Unwinding => {
                let unwound = catch_unwind(AssertUnwindSafe(|| {
                    let _guard = OnDrop(Some(call));
                    std::panic::resume_unwind(Box::new("the application panics"));
                }));
                assert!(unwound.is_err());
            }
            Self::OtherRuntime => {
                let other = runtime();
                other.block_on(async { call() });
                // It stays alive, so that only the runtime of the socket counts.
                std::mem::forget(other);
            }
            Self::RuntimeThatEnds => runtime().block_on(async { call() }),
            Self::RuntimeWithoutDrivers => {
                let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
                bare.block_on(async { call() });
            }
            Self::Blocking => {
                let other = runtime();
                other.block_on(async { tokio::task::spawn_blocking(call).await.unwrap() });
            }
            Self::ThreadLocal => KEPT.set(Some(Box::new(OnDrop(Some(call))))),
        })
        .join()
        .unwrap();
    }
}

/// A PUSH with queued messages for an absent peer, on a runtime that stays alive.
fn with_queue(driven: &Driven, to: Endpoint) -> PushSocket {
    let mut push = PushSocket::builder_in(&Context::new()).reconnect(fast_reconnect()).build();
    let handle = push.handle().clone();
    driven.run(async move { handle.connect(to).unwrap() });
    for number in 0..MESSAGES {
        push.try_send(format!("{number}")).unwrap();
    }
    push
}

/// Receives all messages at an endpoint that the socket connected to before.
fn receive_all(at: &Endpoint, case: &str) {
    runtime().block_on(async {
        let mut pull = PullSocket::new();
        pull.bind(at).await.unwrap();
        for number in 0..MESSAGES {
            assert_eq!(within(case, pull.recv()).await.unwrap(), format!("{number}"));
        }
    });
}

fn everywhere(name: &str, act: impl Fn(PushSocket, &Endpoint) -> Box<dyn FnOnce() + Send>) {
    for flavor in FLAVORS {
        let driven = Driven::new(flavor);
        for place in CALL_SITES {
            let port = ReservedPort::new();
            let push = with_queue(&driven, port.endpoint());
            place.call(act(push, &port.endpoint()));
            receive_all(&port.endpoint(), &format!("{name} {flavor:?} {place:?}"));
        }
        driven.end(Ending::Drop);
    }
}

#[test]
fn drop_outside_delivers() {
    everywhere("drop", |push, _| Box::new(move || drop(push)));
}

#[test]
fn disconnect_outside_delivers() {
    everywhere("disconnect", |push, to| {
        let to = to.clone();
        Box::new(move || {
            push.handle().disconnect(to).unwrap();
            std::mem::forget(push);
        })
    });
}

#[test]
fn disconnect_peer_outside_delivers() {
    everywhere("disconnect_peer", |push, _| {
        Box::new(move || {
            let peer = push.stats().peers[0].peer;
            push.handle().disconnect_peer(peer).unwrap();
            std::mem::forget(push);
        })
    });
}

/// Starts a future. The socket completes it.
fn start(future: impl Future<Output = ()> + Send) {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
}

#[test]
fn close_outside_goes_on() {
    everywhere("close", |push, _| Box::new(move || start(async move { drop(push.close().await) })));
}

#[test]
fn close_outside_waits_and_reports() {
    for flavor in FLAVORS {
        let driven = Driven::new(flavor);
        let port = ReservedPort::new();
        let push = with_queue(&driven, port.endpoint());
        let closing = thread::spawn(move || futures_executor(push.close()));
        receive_all(&port.endpoint(), "close");
        assert_eq!(closing.join().unwrap().unsent, 0);
        driven.end(Ending::Drop);
    }
}

#[test]
fn shutdown_outside_waits_and_reports() {
    for flavor in FLAVORS {
        let driven = Driven::new(flavor);
        let port = ReservedPort::new();
        let context = Context::new();
        let mut push = PushSocket::builder_in(&context).reconnect(fast_reconnect()).build();
        let (handle, to) = (push.handle().clone(), port.endpoint());
        driven.run(async move { handle.connect(to).unwrap() });
        for number in 0..MESSAGES {
            push.try_send(format!("{number}")).unwrap();
        }
        let closing = thread::spawn(move || futures_executor(context.shutdown()));
        receive_all(&port.endpoint(), "shutdown");
        assert_eq!(closing.join().unwrap().unsent, 0);
        driven.end(Ending::Drop);
    }
}

/// Runs a future on this thread, outside any runtime.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(thread::current())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = Box::pin(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
        thread::park();
    }
}

#[test]
fn bind_and_connect_use_the_socket_s_runtime() {
    for flavor in FLAVORS {
        for transport in ["tcp", "ipc"] {
            let driven = Driven::new(flavor);
            let context = Context::new();
            let mut push = PushSocket::builder_in(&context).build();
            let mut pull = PullSocket::builder_in(&context).build();
            let (one, other) = (push.handle().clone(), pull.handle().clone());
            driven.run(async move {
                one.bind(ANY_PORT).await.unwrap();
                other.bind(ANY_PORT).await.unwrap();
            });
            let bound = futures_executor(pull.bind(any_endpoint(transport).as_str())).unwrap();
            push.connect(&bound).unwrap();
            futures_executor(push.send("from a plain thread")).unwrap();
            let received = futures_executor(pull.recv()).unwrap();
            assert_eq!(received, "from a plain thread");
            futures_executor(pull.unbind(&bound)).unwrap();
            driven.end(Ending::Drop);
        }
    }
}

#[test]
fn dropped_accepted_peer_is_delivered() {
    let driven = Driven::new(Flavor::MultiThread);
    let mut push = PushSocket::new();
    let handle = push.handle().clone();
    let bound = driven.run(async move { handle.bind(ANY_PORT).await.unwrap() });
    let receiving = runtime();
    let mut pull = PullSocket::new();
    receiving.block_on(async {
        pull.connect(bound).unwrap();
        within("a peer", pull.wait_for_peers(1)).await;
    });
    futures_executor(push.wait_for_peers(1));
    for number in 0..1000 {
        futures_executor(push.send(format!("{number}"))).unwrap();
    }
    drop(push);
    receiving.block_on(async {
        for number in 0..1000 {
            assert_eq!(within("all", pull.recv()).await.unwrap(), format!("{number}"));
        }
    });
    driven.end(Ending::Drop);
}

#[test]
fn inproc_queue_waits_for_a_peer_after_the_drop() {
    for flavor in FLAVORS {
        let driven = Driven::new(flavor);
        let (context, at) = (Context::new(), any_endpoint("inproc"));
        let mut push = PushSocket::builder_in(&context).build();
        let (handle, to) = (push.handle().clone(), at.clone());
        driven.run(async move { handle.connect(to.as_str()).unwrap() });
        push.try_send("patient").unwrap();
        drop(push);
        runtime().block_on(async {
            let mut pull = PullSocket::builder_in(&context).build();
            pull.bind(at.as_str()).await.unwrap();
            assert_eq!(within("the message", pull.recv()).await.unwrap(), "patient");
        });
        driven.end(Ending::Drop);
    }
}

/// Listens with a context, polled once in whatever runtime this is called in.
fn listen_at_once() -> BindError {
    let (context, options) = (Context::new(), TransportOptions::default());
    let endpoint = ANY_PORT.parse().unwrap();
    let mut listening = std::pin::pin!(context.listen(&endpoint, &options));
    let mut cx = std::task::Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = listening.as_mut().poll(&mut cx) else { panic!("no error") };
    error
}

#[test]
fn binding_outside_a_runtime_is_an_error() {
    assert!(matches!(listen_at_once().kind(), BindErrorKind::NoRuntime));
}

#[test]
fn context_listen_needs_the_io_driver() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let error = listen_at_once();
    assert_eq!(error.kind(), &BindErrorKind::NoDriver(RuntimeDriver::Io));
}
