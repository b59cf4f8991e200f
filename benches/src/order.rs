//! What a process of a trial is told to do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::process::Failure;

/// What a process of a trial is told to do, as its command line says it.
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
    /// What to do.
    pub role: Role,
    /// Where to bind or connect.
    pub endpoint: String,
    /// Octets of a message.
    pub size: usize,
    /// How many sockets to make, each connected by itself; for a role that binds, how many will
    /// connect.
    pub sockets: usize,
    /// How many topics are subscribed to.
    pub topics: usize,
    /// To how many of them messages are published.
    pub topics_in_use: usize,
    /// Where the octets of a message come from.
    pub payload: Payload,
    /// How peers prove who they are, and encrypt.
    pub mechanism: Mechanism,
    /// How long to go on before measuring, from the first message.
    pub warm_up: Duration,
    /// How long to measure.
    pub window: Duration,
    /// The one processor to run on.
    pub processor: Option<usize>,
}

/// Declares an enum whose variants have names on the command line.
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
    /// The part a process plays.
    Role {
        /// Binds a PULL and measures what arrives.
        Pull = "pull",
        /// Connects PUSH sockets and sends for ever.
        Push = "push",
        /// PUSH to PULL within the process; the PULL measures.
        InprocPipeline = "inproc-pipeline",
        /// Binds a REP that sends every request back.
        Rep = "rep",
        /// Connects a REQ and measures round trips.
        Req = "req",
        /// REQ and REP within the process; the REQ measures.
        InprocExchange = "inproc-exchange",
        /// Binds a PUB and publishes for ever.
        Pub = "pub",
        /// Connects SUB sockets and measures what they receive together.
        Sub = "sub",
        /// Binds an XPUB, waits until so many topics are subscribed to, and publishes to those in
        /// use, dropping nothing.
        XPub = "xpub",
        /// Connects a SUB with so many topics and measures what it receives.
        SubTopics = "sub-topics",
        /// Binds a ROUTER that sends every message back.
        Router = "router",
        /// Connects DEALER sockets, keeps [`IN_FLIGHT`] messages of each under way, and measures
        /// what returns.
        Dealer = "dealer",
        /// Connects a REQ, makes one round trip, closes it, and again; measures how often.
        Call = "call",
        /// Makes connections and holds them; the same for every contestant.
        Hold = "hold",
        /// As `hold`, and sends one message over each.
        HoldUsed = "hold-used",
    }
}

named! {
    /// Where the octets of each message come from.
    Payload {
        /// One message is prepared, and each that is sent is a copy of it that shares long bodies.
        Shared = "shared",
        /// The octets are copied into a new message each time.
        Fresh = "fresh",
    }
}

named! {
    /// How peers prove who they are, and encrypt.
    Mechanism {
        /// Not at all.
        Null = "null",
        /// CURVE; the side that binds is the server.
        Curve = "curve",
        /// NOISE with the handshake IK; the side that binds is the server.
        Noise = "noise",
    }
}

/// Messages that a DEALER keeps under way.
pub const IN_FLIGHT: usize = 16;

impl Order {
    /// An order with 64 octets, one socket, one topic, a shared payload, no mechanism and half a second of measuring.
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

    /// The order as arguments of a command.
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

    /// The order that arguments of a command say.
    ///
    /// # Errors
    ///
    /// An argument is missing, unknown or malformed.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut arguments = arguments.into_iter();
        let role = arguments.next().ok_or_else(|| Failure::new("which role?"))?;
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
            _ => return Err(Failure::new(format!("there is no {key:?} in an order"))),
        }
        Ok(())
    }

    /// The octets of every message: none of them zero, so that the memory is really there.
    pub fn octets(&self) -> Vec<u8> {
        (1..=250).cycle().take(self.size).collect()
    }
}

fn number<N: FromStr>(key: &str, value: &str) -> Result<N, Failure> {
    value.parse().map_err(|_| Failure::new(format!("{key}={value} is not a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_the_command_line() {
        let mut order = Order::new(Role::InprocExchange, "ipc:///tmp/a=b");
        (order.size, order.sockets, order.payload) = (1 << 20, 64, Payload::Fresh);
        (order.warm_up, order.processor) = (Duration::from_secs(3), Some(1));
        (order.topics, order.topics_in_use) = (1_000_000, 1000);
        order.mechanism = Mechanism::Curve;
        assert_eq!(Order::parse(order.arguments()).unwrap(), order);
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for bad in [vec![], vec!["dance"], vec!["pull", "size"], vec!["pull", "size=x"]] {
            assert!(Order::parse(bad.into_iter().map(String::from)).is_err());
        }
    }
}
