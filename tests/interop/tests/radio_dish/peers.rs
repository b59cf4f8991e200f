//! A RADIO and a DISH, one of them libzmq's, and what passes between them.

use std::time::Duration;

use interop::{libzmq, while_called, within};
use libzmq_peer::{Error, Msg, Opt, Peer, Socket, SocketKind};
use zeromq_async::{DishSocket, Frame, Group, RadioSocket, SocketBuilder};

/// The group of the tests.
pub(crate) const GROUP: &str = "weather";

/// A heartbeat interval of both sides.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(20);

/// So that a busy machine is not taken for a dead peer.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn group() -> Group {
    Group::new(GROUP).unwrap()
}

/// Which library's socket binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binds {
    Radio,
    Dish,
}

/// A socket of ours and one of libzmq's.
#[derive(Debug)]
pub(crate) enum Pair {
    /// Our RADIO and libzmq's DISH.
    Sends(Box<RadioSocket>, Peer),
    /// libzmq's RADIO and our DISH.
    Receives(Peer, DishSocket),
}

impl Pair {
    /// Our RADIO and libzmq's DISH at a place.
    pub(crate) async fn sends(place: &str, binds: Binds, heartbeats: bool) -> Self {
        let radio = RadioSocket::builder();
        let radio = if heartbeats { with_heartbeats(radio) } else { radio }.build();
        let dish = move |socket: &Socket| {
            set_heartbeat(socket, heartbeats)?;
            socket.set_i32(Opt::RCVHWM, 0)?;
            socket.join(GROUP)
        };
        let dish = match binds {
            Binds::Radio => {
                let endpoint = radio.bind(place).await.unwrap().to_string();
                libzmq(SocketKind::Dish, move |socket| {
                    dish(socket)?;
                    socket.connect(&endpoint)
                })
            }
            Binds::Dish => {
                let place = place.to_owned();
                let peer = libzmq(SocketKind::Dish, move |socket| {
                    dish(socket)?;
                    socket.bind(&place).map(drop)
                });
                radio.connect(endpoint_of(&peer)).unwrap();
                peer
            }
        };
        let joined = within("the DISH to join", radio.wait_for_members(GROUP, 1));
        while_called(&dish, joined).await;
        let pair = Self::Sends(Box::new(radio), dish);
        pair.until_heard().await;
        pair
    }

    /// libzmq's RADIO and our DISH at a place.
    pub(crate) async fn receives(place: &str, binds: Binds, heartbeats: bool) -> Self {
        let dish = DishSocket::builder();
        let dish = if heartbeats { with_heartbeats(dish) } else { dish }.build();
        dish.join(GROUP).unwrap();
        let radio = move |socket: &Socket| {
            set_heartbeat(socket, heartbeats)?;
            socket.set_i32(Opt::SNDHWM, 0)
        };
        let radio = match binds {
            Binds::Dish => {
                let endpoint = dish.bind(place).await.unwrap().to_string();
                libzmq(SocketKind::Radio, move |socket| {
                    radio(socket)?;
                    socket.connect(&endpoint)
                })
            }
            Binds::Radio => {
                let place = place.to_owned();
                let peer = libzmq(SocketKind::Radio, move |socket| {
                    radio(socket)?;
                    socket.bind(&place).map(drop)
                });
                dish.connect(endpoint_of(&peer)).unwrap();
                peer
            }
        };
        let pair = Self::Receives(radio, dish);
        pair.until_heard().await;
        pair
    }

    /// libzmq's RADIO drops messages until the JOIN has arrived, or its socket is open. Its DISH binds a
    /// port of udp after `zmq_bind` has returned.
    pub(crate) async fn until_heard(&self) {
        within("the first message", async { while !self.is_heard().await {} }).await;
        // Later ones of them may be under way.
        match self {
            Self::Sends(radio, dish) => {
                radio.send_to(group(), "last").await.unwrap();
                let last = dish.run(|socket| {
                    while recv(socket, 1)? != [b"last"] {}
                    Ok(())
                });
                within("the last of them", last).await.unwrap();
            }
            Self::Receives(radio, dish) => {
                radio.run(|socket| send(socket, GROUP, b"last")).await.unwrap();
                while within("the last of them", dish.recv()).await.unwrap().1 != "last" {}
            }
        }
    }

    /// Sends a message, and waits a moment for it.
    async fn is_heard(&self) -> bool {
        match self {
            Self::Sends(radio, dish) => {
                radio.send_to(group(), "first").await.unwrap();
                let heard = dish.run(|socket| {
                    socket.set_i32(Opt::RCVTIMEO, 20)?;
                    let heard = recv(socket, 1).is_ok();
                    socket.set_i32(Opt::RCVTIMEO, -1)?;
                    Ok(heard)
                });
                heard.await.unwrap()
            }
            Self::Receives(radio, dish) => {
                radio.run(|socket| send(socket, GROUP, b"first")).await.unwrap();
                tokio::time::timeout(Duration::from_millis(20), dish.recv()).await.is_ok()
            }
        }
    }

    /// Passes bodies in order, a few at a time, so that no queue and no kernel buffer overflows.
    pub(crate) async fn pass(&self, bodies: &[Vec<u8>], at_a_time: usize) {
        for bodies in bodies.chunks(at_a_time) {
            match self {
                Self::Sends(radio, dish) => {
                    for body in bodies {
                        radio.send_to(group(), body.clone()).await.unwrap();
                    }
                    let count = bodies.len();
                    let received = dish.run(move |socket| recv(socket, count));
                    let received = within("libzmq to receive", received).await.unwrap();
                    assert!(received == bodies, "{received:?}");
                }
                Self::Receives(radio, dish) => {
                    let sent = bodies.to_vec();
                    let sent = radio.run(move |socket| {
                        sent.iter().try_for_each(|body| send(socket, GROUP, body))
                    });
                    sent.await.unwrap();
                    for body in bodies {
                        let received = within("a message", dish.recv()).await.unwrap();
                        assert_eq!(received, (group(), Frame::from(body.clone())));
                    }
                }
            }
        }
    }
}

/// The endpoint of a bound socket of libzmq, which names one of udp without its scheme.
pub(crate) fn endpoint_of(peer: &Peer) -> String {
    match peer.endpoint() {
        endpoint if endpoint.contains("://") => endpoint.to_owned(),
        address => format!("udp://{address}"),
    }
}

/// Bodies of these sizes, each different.
pub(crate) fn bodies(sizes: &[usize]) -> Vec<Vec<u8>> {
    let body = |(index, size): (usize, &usize)| vec![b'a' + u8::try_from(index).unwrap(); *size];
    sizes.iter().enumerate().map(body).collect()
}

/// Numbers as bodies.
pub(crate) fn numbers(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| number.to_string().into_bytes()).collect()
}

pub(crate) fn send(socket: &Socket, group: &str, body: &[u8]) -> Result<(), Error> {
    let mut msg = Msg::new(body)?;
    msg.set_group(group)?;
    socket.send_msg(msg, false)
}

/// Receives messages of [`GROUP`].
fn recv(socket: &Socket, count: usize) -> Result<Vec<Vec<u8>>, Error> {
    let message = |_| {
        let mut msg = socket.recv_msg()?;
        assert_eq!(msg.group().as_deref(), Some(GROUP));
        Ok(msg.to_vec())
    };
    (0..count).map(message).collect()
}

fn with_heartbeats<P: zeromq_async::SocketKind, S>(
    builder: SocketBuilder<P, S>,
) -> SocketBuilder<P, S> {
    builder.heartbeat_interval(HEARTBEAT).heartbeat_timeout(TIMEOUT)
}

fn set_heartbeat(socket: &Socket, heartbeats: bool) -> Result<(), Error> {
    if !heartbeats {
        return Ok(());
    }
    socket.set_i32(Opt::HEARTBEAT_IVL, i32::try_from(HEARTBEAT.as_millis()).unwrap())?;
    socket.set_i32(Opt::HEARTBEAT_TIMEOUT, i32::try_from(TIMEOUT.as_millis()).unwrap())
}
