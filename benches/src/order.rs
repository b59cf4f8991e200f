//! Orders to the processes of a trial.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::process::Failure;

/// The command line of a process of a trial.
///
/// ```
/// use benches::{Order, Role};
///
/// let mut order = Order::new(Role::Push, "tcp://127.0.0.1:5555");
/// order.size = 1024;
/// let arguments: Vec<String> = order.arguments();
/// assert_eq!(Order::parse(arguments)?, order);
/// # Ok::<_, benches::Failure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// The role.
    pub role: Role,
    /// The endpoint to bind or connect.
    pub endpoint: String,
    /// The message size in bytes.
    pub size: usize,
    /// The number of sockets to create, each with its own connection. For a role that binds, the
    /// number of connections to expect.
    pub sockets: usize,
    /// The number of subscribed topics.
    pub topics: usize,
    /// The number of topics that messages are published to.
    pub topics_in_use: usize,
    /// The source of the message payload.
    pub payload: Payload,
    /// The security mechanism.
    pub mechanism: Mechanism,
    /// The time from the first message to the start of the measurement.
    pub warm_up: Duration,
    /// The measured time.
    pub window: Duration,
    /// The processor to pin the process to.
    pub processor: Option<usize>,
}

/// Declares an enum and the names of its variants on the command line.
macro_rules! named {
    ($(#[$attribute:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl FromStr for $name {
            type Err = Failure;

            fn from_str(text: &str) -> Result<Self, Failure> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(Failure::new(format!("there is no {} {text:?}", stringify!($name)))),
                }
            }
        }
    };
}

named! {
    /// The role of a process.
    Role {
        /// Binds a PULL and measures the received rate.
        Pull = "pull",
        /// Connects PUSH sockets and sends without end.
        Push = "push",
        /// Binds a DISH and measures the received rate, and which share arrives.
        Dish = "dish",
        /// Connects a RADIO and sends numbered messages without end.
        Radio = "radio",
        /// PUSH to PULL within the process. The PULL measures.
        InprocPipeline = "inproc-pipeline",
        /// Binds a REP that sends every request back.
        Rep = "rep",
        /// Connects a REQ and measures round trips.
        Req = "req",
        /// REQ and REP within the process. The REQ measures.
        InprocExchange = "inproc-exchange",
        /// Binds a PUB and publishes without end.
        Pub = "pub",
        /// Connects SUB sockets and measures their total rate.
        Sub = "sub",
        /// Binds an XPUB, waits for `topics` subscriptions, and publishes to `topics_in_use` of
        /// them without dropping messages.
        XPub = "xpub",
        /// Connects a SUB with `topics` subscriptions and measures the received rate.
        SubTopics = "sub-topics",
        /// Binds a ROUTER that sends every message back.
        Router = "router",
        /// Connects DEALER sockets, keeps [`IN_FLIGHT`] messages of each in flight, and measures
        /// the returned rate.
        Dealer = "dealer",
        /// Repeatedly connects a REQ, makes one round trip and closes it. Measures the rate.
        Call = "call",
        /// Opens connections and holds them. The same program for every contestant.
        Hold = "hold",
        /// Like `hold`, and sends one message over each connection.
        HoldUsed = "hold-used",
    }
}

named! {
    /// The source of the payload of each message.
    Payload {
        /// Each sent message is a copy of one prepared message. Long bodies are shared.
        Shared = "shared",
        /// Each send copies the bytes into a new message.
        Fresh = "fresh",
    }
}

named! {
    /// The security mechanism of the connections.
    Mechanism {
        /// No authentication and no encryption.
        Null = "null",
        /// CURVE. The side that binds is the server.
        Curve = "curve",
        /// NOISE with the handshake pattern IK. The side that binds is the server.
        Noise = "noise",
        /// TLS over tcp, and no mechanism of ZMTP. The endpoint has the scheme.
        Tls = "tls",
    }
}

/// The number of messages that a DEALER keeps in flight.
pub const IN_FLIGHT: usize = 16;

impl Order {
    /// An order with 64 bytes per message, one socket, one topic, a shared payload, the mechanism
    /// NULL and a measured time of half a second.
    pub fn new(role: Role, endpoint: impl Into<String>) -> Self {
        Self {
            role,
            endpoint: endpoint.into(),
            size: 64,
            sockets: 1,
            topics: 1,
            topics_in_use: 1,
            payload: Payload::Shared,
            mechanism: Mechanism::Null,
            warm_up: Duration::from_millis(100),
            window: Duration::from_millis(500),
            processor: None,
        }
    }

    /// The order as command-line arguments.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            self.role.to_string(),
            format!("endpoint={}", self.endpoint),
            format!("size={}", self.size),
            format!("sockets={}", self.sockets),
            format!("topics={}", self.topics),
            format!("topics_in_use={}", self.topics_in_use),
            format!("payload={}", self.payload),
            format!("mechanism={}", self.mechanism),
            format!("warm_up={}", self.warm_up.as_millis()),
            format!("window={}", self.window.as_millis()),
        ];
        arguments.extend(self.processor.map(|processor| format!("processor={processor}")));
        arguments
    }

    /// Parses command-line arguments.
    ///
    /// # Errors
    ///
    /// An argument is missing, unknown or malformed.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut arguments = arguments.into_iter();
        let role = arguments.next().ok_or_else(|| Failure::new("the role is missing"))?;
        let mut order = Self::new(role.parse()?, "");
        for argument in arguments {
            let (key, value) = argument
                .split_once('=')
                .ok_or_else(|| Failure::new(format!("{argument:?} is not key=value")))?;
            order.set(key, value)?;
        }
        Ok(order)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        match key {
            "endpoint" => self.endpoint = value.to_owned(),
            "size" => self.size = number(key, value)?,
            "sockets" => self.sockets = number(key, value)?,
            "topics" => self.topics = number(key, value)?,
            "topics_in_use" => self.topics_in_use = number(key, value)?,
            "mechanism" => self.mechanism = value.parse()?,
            "payload" => self.payload = value.parse()?,
            "warm_up" => self.warm_up = Duration::from_millis(number(key, value)?),
            "window" => self.window = Duration::from_millis(number(key, value)?),
            "processor" => self.processor = Some(number(key, value)?),
            _ => return Err(Failure::new(format!("unknown argument {key:?}"))),
        }
        Ok(())
    }

    /// The payload of every message. Its bytes are not zero, so that the memory is really
    /// allocated.
    pub fn bytes(&self) -> Vec<u8> {
        (1..=250).cycle().take(self.size).collect()
    }

    /// The payloads of messages that begin with a number, from 1 on.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = Vec<u8>> {
        let rest = self.bytes().split_off(NUMBER);
        (1_u64..).map(move |number| [&number.to_be_bytes()[..], &rest].concat())
    }

    /// The number at the beginning of a payload.
    pub(crate) fn number_in(&self, payload: &[u8]) -> Result<u64, Failure> {
        let number = payload.first_chunk::<NUMBER>().filter(|_| payload.len() == self.size);
        let number = number.ok_or_else(|| Failure::new("a message has another size"))?;
        Ok(u64::from_be_bytes(*number))
    }
}

/// The bytes of the number of a message.
const NUMBER: usize = size_of::<u64>();

fn number<N: FromStr>(key: &str, value: &str) -> Result<N, Failure> {
    value.parse().map_err(|_| Failure::new(format!("{key}={value} is not a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_round_trips_through_arguments() {
        let mut order = Order::new(Role::InprocExchange, "ipc:///tmp/a=b");
        (order.size, order.sockets, order.payload) = (1 << 20, 64, Payload::Fresh);
        (order.warm_up, order.processor) = (Duration::from_secs(3), Some(1));
        (order.topics, order.topics_in_use) = (1_000_000, 1000);
        order.mechanism = Mechanism::Curve;
        assert_eq!(Order::parse(order.arguments()).unwrap(), order);
    }

    #[test]
    fn invalid_orders_are_rejected() {
        for bad in [vec![], vec!["dance"], vec!["pull", "size"], vec!["pull", "size=x"]] {
            assert!(Order::parse(bad.into_iter().map(String::from)).is_err());
        }
    }
}
