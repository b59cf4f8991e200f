//! The options of a socket of either library, which can be told to another process.

use std::time::Duration;

use libzmq_peer::SocketKind;

use crate::Secured;

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// What a socket is to be; what is not set is as the library has it, but for linger.
        #[derive(Debug, Clone)]
        pub struct Settings {
            /// Its type.
            pub kind: SocketKind,
            /// What it begins to be subscribed to.
            pub topics: Vec<&'static str>,
            /// Its part in a security mechanism.
            pub secured: Option<Secured>,
            $($(#[$doc])* pub $name: Option<$type>,)*
        }

        impl Settings {
            /// A socket of this type, which does not linger.
            pub fn new(kind: SocketKind) -> Self {
                Self { kind, topics: Vec::new(), secured: None, $($name: None,)* }
            }

            $($(#[$doc])* #[must_use] pub fn $name(mut self, value: $type) -> Self {
                self.$name = Some(value);
                self
            })*

            /// What another process is told, a word each. It is not told of topics or mechanisms.
            pub fn to_words(&self) -> Vec<String> {
                let mut words = vec![format!("kind={}", self.kind as i32)];
                $(words.extend(self.$name.as_ref().map(|value| {
                    format!("{}={value}", stringify!($name))
                }));)*
                words
            }

            /// What another process was told.
            ///
            /// # Panics
            ///
            /// When that is not what [`to_words`](Self::to_words) makes.
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
    /// The high-water mark for sending; 0 for no limit.
    send_mark: usize,
    /// The high-water mark for receiving; 0 for no limit.
    receive_mark: usize,
    /// Bytes of each of the kernel's buffers.
    buffers: u32,
    /// How long it lingers, in ms; -1 for ever. Not at all where it is not set.
    linger: i32,
    /// How long a handshake may take, in ms.
    handshake: u32,
    /// How long to wait before connecting again, in ms; -1 never.
    reconnect: i32,
    /// How long to wait at the most, in ms.
    reconnect_most: u32,
    /// How often to ask for a sign of life, in ms.
    heartbeat: u32,
    /// How long to wait for one, in ms.
    heartbeat_timeout: u32,
    /// The most bytes of a message.
    max_message: u64,
    /// Its routing id.
    routing_id: String,
    /// ROUTER: says when a message cannot be routed.
    mandatory: bool,
    /// ROUTER: the newest peer with a routing id has it.
    handover: bool,
    /// REQ: numbers its requests.
    correlate: bool,
    /// REQ: may ask again before the reply.
    relaxed: bool,
    /// Keeps the latest message only.
    conflate: bool,
    /// XPUB: tells every subscription.
    verbose: bool,
}

impl Settings {
    /// With one more topic from the beginning.
    #[must_use]
    pub fn topic(mut self, topic: &'static str) -> Self {
        self.topics.push(topic);
        self
    }

    /// With a mechanism.
    #[must_use]
    pub fn secured(mut self, secured: Secured) -> Self {
        self.secured = Some(secured);
        self
    }

    /// Asks for signs of life this often, and waits this long for them.
    #[must_use]
    pub fn beating(self, interval: Duration, timeout: Duration) -> Self {
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
