//! Opens connections with `zmtp-codec` over the standard library and holds them. The peers are the
//! same for every contestant.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::BytesMut;
use zmtp_codec::{Connection, ConnectionConfig, Event, Message, Null, SocketType};

use crate::line::Line;
use crate::order::{Order, Role};
use crate::process::{Failure, wait};

/// Connects the ordered number of PUSH peers, one after another, and holds them until the process
/// is killed.
pub(crate) fn play(order: &Order) -> Result<Infallible, Failure> {
    let message = (order.role == Role::HoldUsed).then(|| Message::from(order.bytes()));
    let _held: Vec<TcpStream> = (0..order.sockets)
        .map(|_| connect(&order.endpoint, message.clone()))
        .collect::<Result<_, _>>()?;
    Line::Ready.say()?;
    wait()
}

fn connect(endpoint: &str, message: Option<Message>) -> Result<TcpStream, Failure> {
    let address = endpoint
        .strip_prefix("tcp://")
        .ok_or_else(|| Failure::new(format!("cannot hold a connection to {endpoint}")))?;
    let mut stream = TcpStream::connect(address).map_err(Failure::new)?;
    let mut connection = Connection::new(&ConnectionConfig::new(SocketType::Push, Null));
    shake_hands(&mut stream, &mut connection)?;
    if let Some(message) = message {
        connection.send(message);
        write(&mut stream, &mut connection)?;
    }
    Ok(stream)
}

fn shake_hands(stream: &mut TcpStream, connection: &mut Connection) -> Result<(), Failure> {
    let (mut input, mut buffer) = (BytesMut::new(), [0; 1024]);
    loop {
        write(stream, connection)?;
        match stream.read(&mut buffer).map_err(Failure::new)? {
            0 => return Err(Failure::new("the peer closed the connection in the handshake")),
            count => input.extend_from_slice(&buffer[..count]),
        }
        while let Some(event) =
            connection.handle_input(&mut input, usize::MAX).map_err(Failure::new)?
        {
            if let Event::Ready(_) = event {
                return write(stream, connection);
            }
        }
    }
}

fn write(stream: &mut TcpStream, connection: &mut Connection) -> Result<(), Failure> {
    while let Some(bytes) = connection.poll_transmit() {
        stream.write_all(&bytes).map_err(Failure::new)?;
    }
    Ok(())
}
