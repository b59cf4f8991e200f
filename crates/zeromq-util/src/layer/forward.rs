//! Macros for code that every layer needs.

/// Access to the field `inner` of a wrapper.
macro_rules! accessors {
    ($wrapper:ident<S $(, $parameter:ident)*>) => {
        impl<S $(, $parameter)*> $wrapper<S $(, $parameter)*> {
            /// Returns the wrapped socket or layer.
            pub fn get_ref(&self) -> &S {
                &self.inner
            }

            /// Returns the wrapped socket or layer. Messages sent or received through it bypass
            /// this layer.
            pub fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Removes the layer. Messages that it holds are dropped.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }
    };
}

/// A `Stream` that passes everything through.
macro_rules! forward_stream {
    ($wrapper:ident<S $(, $parameter:ident)*>) => {
        impl<S: futures_core::Stream $(, $parameter)*> futures_core::Stream
            for $wrapper<S $(, $parameter)*>
        {
            type Item = S::Item;

            #[inline]
            fn poll_next(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<S::Item>> {
                self.project().inner.poll_next(cx)
            }
        }
    };
}

/// A `Sink` that passes everything through.
macro_rules! forward_sink {
    ($wrapper:ident<S $(, $parameter:ident)*>) => {
        impl<S: futures_sink::Sink<Sent>, Sent $(, $parameter)*> futures_sink::Sink<Sent>
            for $wrapper<S $(, $parameter)*>
        {
            type Error = S::Error;

            forward_poll_ready!(Sent);

            #[inline]
            fn start_send(self: std::pin::Pin<&mut Self>, item: Sent) -> Result<(), S::Error> {
                self.project().inner.start_send(item)
            }

            forward_poll_flush!(Sent);
        }
    };
}

/// `poll_ready` of a `Sink` that passes readiness through.
macro_rules! forward_poll_ready {
    ($item:ty) => {
        #[inline]
        fn poll_ready(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_ready(self.project().inner, cx)
        }
    };
}

/// `poll_flush` and `poll_close` of a `Sink` that adds nothing to them. `$error` converts errors.
macro_rules! forward_poll_flush {
    ($item:ty $(, $error:path)?) => {
        #[inline]
        fn poll_flush(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_flush(self.project().inner, cx)
                $(.map_err($error))?
        }

        #[inline]
        fn poll_close(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            futures_sink::Sink::<$item>::poll_close(self.project().inner, cx)
                $(.map_err($error))?
        }
    };
}
