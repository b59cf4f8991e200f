//! The options of a socket of either library, which can be passed to another process.

use std::time::Duration;

use libzmq_peer::SocketKind;

use crate::Secured;

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// The options of a socket. Unset options keep the library's default, except linger.
        #[derive(Debug, Clone)]
        pub struct Settings {
            /// The socket type.
            pub kind: SocketKind,
            /// The initial subscriptions.
            pub topics: Vec<&'static str>,
            /// Its role in a security mechanism.
            pub secured: Option<Secured>,
            $($(#[$doc])* pub $name: Option<$type>,)*
        }

        impl Settings {
            /// A socket of this type without linger.
            pub fn new(kind: SocketKind) -> Self {
                Self { kind, topics: Vec::new(), secured: None, $($name: None,)* }
            }

            $($(#[$doc])* #[must_use] pub fn $name(mut self, value: $type) -> Self {
                self.$name = Some(value);
                self
            })*

            /// Encodes the settings as arguments for another process, without topics and mechanism.
            pub fn to_words(&self) -> Vec<String> {
                let mut words = vec![format!("kind={}", self.kind as i32)];
                $(words.extend(self.$name.as_ref().map(|value| {
                    format!("{}={value}", stringify!($name))
                }));)*
                words
            }

            /// Decodes the arguments of another process.
            ///
            /// # Panics
            ///
            /// If they are not from [`to_words`](Self::to_words).
            pub fn from_words(words: impl IntoIterator<Item = String>) -> Self {
                let mut settings = Self::new(SocketKind::Pair);
                for word in words {
                    let (name, value) = word.split_once('=').expect("a name and a value");
                    match name {
                        "kind" => settings.kind = kind(value.parse().expect("a number")),
                        $(stringify!($name) => {
                            settings.$name = Some(value.parse().expect("a value"));
                        })*
                        other => panic!("no setting is called {other}"),
                    }
                }
                settings
            }
        }
    };
}

settings! {
    /// The send high-water mark. 0 is no limit.
    send_mark: usize,
    /// The receive high-water mark. 0 is no limit.
    receive_mark: usize,
    /// The size of each kernel buffer in bytes.
    buffers: u32,
    /// The linger time in ms. -1 is endless. The default is 0.
    linger: i32,
    /// The handshake timeout in ms.
    handshake: u32,
    /// The reconnect interval in ms. -1 never reconnects.
    reconnect: i32,
    /// The maximum reconnect interval in ms.
    reconnect_most: u32,
    /// The heartbeat interval in ms.
    heartbeat: u32,
    /// The heartbeat timeout in ms.
    heartbeat_timeout: u32,
    /// The maximum message size in bytes.
    max_message: u64,
    /// The routing id.
    routing_id: String,
    /// ROUTER: reports unroutable messages.
    mandatory: bool,
    /// ROUTER: the newest peer with a routing id takes it over.
    handover: bool,
    /// REQ: numbers its requests.
    correlate: bool,
    /// REQ: may send again before the reply.
    relaxed: bool,
    /// Keeps the latest message only.
    conflate: bool,
    /// XPUB: reports every subscription.
    verbose: bool,
}

impl Settings {
    /// Adds an initial subscription.
    #[must_use]
    pub fn topic(mut self, topic: &'static str) -> Self {
        self.topics.push(topic);
        self
    }

    /// Sets the mechanism.
    #[must_use]
    pub fn secured(mut self, secured: Secured) -> Self {
        self.secured = Some(secured);
        self
    }

    /// Sets the heartbeat interval and timeout.
    #[must_use]
    pub fn heartbeats(self, interval: Duration, timeout: Duration) -> Self {
        let ms = |time: Duration| u32::try_from(time.as_millis()).expect("a short time");
        self.heartbeat(ms(interval)).heartbeat_timeout(ms(timeout))
    }
}

fn kind(number: i32) -> SocketKind {
    use SocketKind::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub};
    [Req, Rep, Dealer, Router, Pub, Sub, Xpub, Xsub, Push, Pull, Pair]
        .into_iter()
        .find(|kind| *kind as i32 == number)
        .expect("a socket type of both libraries")
}
