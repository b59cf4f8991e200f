//! What layers write alike, written once.

/// For a wrapper with a field `inner`: the ways to it, and that the wrapper may be moved. The layer
/// and how it is made are for the examples.
macro_rules! wraps {
    ($wrapper:ident<S $(, $parameter:ident)*>, $layer:ident, $new:literal) => {
        impl<S $(, $parameter)*> $wrapper<S $(, $parameter)*> {
            /// What this wraps.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// use zeromq_async::DealerSocket;
            #[doc = concat!("use zeromq_util::layer::{", stringify!($layer), ", WithLayer};")]
            ///
            #[doc = concat!("let layer = ", stringify!($layer), "::", $new, ";")]
            /// let wrapped = DealerSocket::new().with_layer(layer);
            /// wrapped.get_ref().connect("tcp://127.0.0.1:5555")?;
            /// # Ok(()) }
            /// ```
            pub fn get_ref(&self) -> &S {
                &self.inner
            }

            /// What this wraps, to be changed: what is sent or received this way goes past the
            /// layer.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// use zeromq_async::SubSocket;
            #[doc = concat!("use zeromq_util::layer::{", stringify!($layer), ", WithLayer};")]
            ///
            #[doc = concat!("let layer = ", stringify!($layer), "::", $new, ";")]
            /// let mut wrapped = SubSocket::new().with_layer(layer);
            /// wrapped.get_mut().subscribe("weather");
            /// # Ok(()) }
            /// ```
            pub fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Takes the layer off, with whatever it holds.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// use zeromq_async::DealerSocket;
            #[doc = concat!("use zeromq_util::layer::{", stringify!($layer), ", WithLayer};")]
            ///
            #[doc = concat!("let layer = ", stringify!($layer), "::", $new, ";")]
            /// let wrapped = DealerSocket::new().with_layer(layer);
            /// assert_eq!(wrapped.into_inner().close().await.unsent, 0);
            /// # Ok(()) }
            /// ```
            pub fn into_inner(self) -> S {
                self.inner
            }
        }

        // Only what is inside could mind being moved.
        impl<S: Unpin $(, $parameter)*> Unpin for $wrapper<S $(, $parameter)*> {}
    };
}

/// For a layer that leaves what is received as it is.
macro_rules! forward_stream {
    ($wrapper:ident<S $(, $parameter:ident)*>) => {
        impl<S: futures_core::Stream + Unpin $(, $parameter)*> futures_core::Stream
            for $wrapper<S $(, $parameter)*>
        {
            type Item = S::Item;

            #[inline]
            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<S::Item>> {
                std::pin::Pin::new(&mut self.inner).poll_next(cx)
            }
        }
    };
}

/// For a layer that leaves what is sent as it is.
macro_rules! forward_sink {
    ($wrapper:ident<S $(, $parameter:ident)*>) => {
        impl<S: futures_sink::Sink<Sent> + Unpin, Sent $(, $parameter)*> futures_sink::Sink<Sent>
            for $wrapper<S $(, $parameter)*>
        {
            type Error = S::Error;

            forward_poll_ready!(Sent);

            #[inline]
            fn start_send(mut self: std::pin::Pin<&mut Self>, item: Sent) -> Result<(), S::Error> {
                std::pin::Pin::new(&mut self.inner).start_send(item)
            }

            forward_poll_flush!(Sent);
        }
    };
}

/// In a `Sink` with the errors of what it wraps, which takes `$item`: readiness as it is.
macro_rules! forward_poll_ready {
    ($item:ty) => {
        #[inline]
        fn poll_ready(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_ready(std::pin::Pin::new(&mut self.inner), cx)
        }
    };
}

/// The same for flushing and closing; with `$error`, which makes the error of the layer.
macro_rules! forward_poll_flush {
    ($item:ty $(, $error:path)?) => {
        #[inline]
        fn poll_flush(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_flush(std::pin::Pin::new(&mut self.inner), cx)
                $(.map_err($error))?
        }

        #[inline]
        fn poll_close(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_close(std::pin::Pin::new(&mut self.inner), cx)
                $(.map_err($error))?
        }
    };
}

/// `Debug` for layers and wrappers with a function, which has nothing to show.
macro_rules! shown_without_function {
    ($($layer:ident<F>, $wrapper:ident<S, F>),* $(,)?) => {$(
        impl<F> fmt::Debug for $layer<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($layer)).finish_non_exhaustive()
            }
        }

        impl<S: fmt::Debug, F> fmt::Debug for $wrapper<S, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($wrapper));
                shown.field("inner", &self.inner).finish_non_exhaustive()
            }
        }
    )*};
}
