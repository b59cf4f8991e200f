use bytes::{Bytes, BytesMut};

use super::*;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::connection::Connection;
use crate::encoder::Encoder;
use crate::message::Message;
use crate::seal::SealBuffer;
use crate::{Decision, Event, Mechanism, SocketType, Ttl};

/// The client's encoder and the server's decoder, after their handshake.
fn halves(
    client: impl Mechanism + 'static,
    server: impl Mechanism + 'static,
) -> (Encoder, Decoder) {
    let client = ConnectionConfig::new(SocketType::Push, client);
    let server = ConnectionConfig::new(SocketType::Pull, server);
    let mut bytes = 0;
    let mut ends = [client, server].map(|config| {
        let connection = Connection::with_entropy(&config, |entropy| {
            bytes += 1;
            entropy.fill(bytes);
        });
        (connection, BytesMut::new())
    });
    for turn in 0..20 {
        let (from, to) = (turn % 2, 1 - turn % 2);
        while let Some(sent) = ends[from].0.poll_transmit() {
            ends[to].1.extend_from_slice(&sent);
        }
        let (connection, input) = &mut ends[to];
        while let Some(event) = connection.handle_input(input, 0).expect("a good handshake") {
            if let Event::Authenticate(_) = event {
                connection.authenticate(Decision::allow());
            }
        }
    }
    let [client, server] = ends.map(|(connection, _)| connection.into_traffic().expect("ready"));
    (client.encoder, server.decoder)
}

fn frame(body: &[u8], more: bool) -> Bytes {
    let mut wire = Vec::new();
    FrameHeader::message(body.len(), more).encode(&mut wire);
    wire.extend_from_slice(body);
    wire.into()
}

fn seal(encoder: &mut Encoder, batch: &mut Batch) -> Vec<u8> {
    let (mut sealed, mut wire) = (SealBuffer::new(), Vec::new());
    while !batch.is_empty() {
        encoder.seal(batch, &mut sealed);
        let size = sealed.first_chunk().len();
        wire.extend_from_slice(sealed.first_chunk());
        batch.advance(sealed.advance(size));
    }
    wire
}

/// Reads messages with commands between their frames, as libzmq seals them.
fn commands_leave_messages_whole(
    client: &(impl Mechanism + Clone + 'static),
    server: &(impl Mechanism + Clone + 'static),
) {
    let ping = Command::Ping { ttl: Ttl::NONE, context: "ctx".into() };
    for (size, piece) in [(0, 1), (10, 13), (300, 5000), (200_000, 1000), (200_000, usize::MAX)] {
        let (mut encoder, mut decoder) = halves(client.clone(), server.clone());
        let large = vec![7; size];
        let mut batch = Batch::new();
        batch.push_control(frame(&large, true));
        batch.push_command(&ping);
        batch.push_control(frame(b"", true));
        batch.push_command(&ping);
        batch.push_command(&ping);
        batch.push_control(frame(&large, false));
        batch.push(Message::from("behind"));
        let wire = seal(&mut encoder, &mut batch);

        let (mut input, mut messages, mut pings) = (BytesMut::new(), Vec::new(), 0);
        for piece in wire.chunks(piece) {
            input.extend_from_slice(piece);
            while let Some(inbound) = decoder.decode(&mut input, 9).expect("good records") {
                match inbound {
                    Inbound::Messages(run) => messages.extend(run),
                    Inbound::Command(command) => {
                        assert_eq!(command, ping);
                        assert!(messages.is_empty(), "it is taken where it stands");
                        pings += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        let whole = Message::multipart([&large[..], b"", &large]);
        assert!(messages == [whole, "behind".into()], "{size} bytes in pieces of {piece}");
        assert_eq!((pings, input.len(), decoder.buffered()), (3, 0, 0));
    }
}

#[cfg(feature = "curve")]
#[test]
fn commands_leave_messages_of_curve_whole() {
    use crate::{CurveClient, CurveKeyPair, CurveSecretKey, CurveServer};
    let [client, server] = [1, 2].map(|byte| CurveKeyPair::from(CurveSecretKey::new([byte; 32])));
    let client = CurveClient::new(client, *server.public_key());
    let server = CurveServer::new(server);
    commands_leave_messages_whole(&client, &server);
}

#[cfg(feature = "noise")]
#[test]
fn commands_leave_messages_of_noise_whole() {
    use crate::{NoiseClient, NoiseKeyPair, NoiseSecretKey, NoiseServer};
    let [client, server] = [1, 2].map(|byte| NoiseKeyPair::from(NoiseSecretKey::new([byte; 32])));
    let client = NoiseClient::ik(client, *server.public_key());
    let server = NoiseServer::ik(server);
    commands_leave_messages_whole(&client, &server);
}
