//! A mechanism of the application: TOKEN, with a toy encryption.
//!
//! The client sends `TOKEN | token`, the server asks its authenticator, and both send READY. Each frame
//! is then encrypted with the exclusive or of one byte.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use support::{ANY_PORT, event, fast_reconnect, within};
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus, Mechanism, Password};
use zeromq_async::{
    DealerSocket, Events, HandshakeFailure, MechanismName, Message, Metadata, PeerUntrusted,
    ProtocolError, SocketEvent,
};
use zmtp::mechanism::{
    Handshake, HandshakeContext, Opener, Opening, Outcome, PendingAuthentication, Record, Sealer,
    Step, expect_command, open_records,
};
use zmtp::wire::FrameHeader;
use zmtp::{AuthenticationRequest, Batch, Command, SealBuffer};

type Result<T> = std::result::Result<T, ProtocolError>;

fn name() -> MechanismName {
    MechanismName::from_slice(b"TOKEN").unwrap()
}

#[derive(Debug)]
struct Token {
    token: u8,
    is_server: bool,
}

impl Mechanism for Token {
    fn name(&self) -> MechanismName {
        name()
    }

    fn is_server(&self) -> bool {
        self.is_server
    }

    fn start(&self, mut context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        context.take_seed()?; // The socket gives every handshake randomness.
        let HandshakeContext { metadata, max_metadata_size, .. } = context;
        let mut ready =
            AwaitReady { token: self.token, max_metadata_size, own: Some(metadata.clone()) };
        if self.is_server {
            return Ok(Step::Await(Box::new(AwaitToken(ready))));
        }
        let data = Bytes::copy_from_slice(&[self.token]);
        output.push_command(&Command::Unknown { name: "TOKEN".into(), data });
        output.push_command(&Command::Ready { data: metadata });
        ready.own = None;
        Ok(Step::Await(Box::new(ready)))
    }
}

#[derive(Debug)]
struct AwaitToken(AwaitReady);

impl Handshake for AwaitToken {
    fn max_command_size(&self) -> usize {
        b"\x05TOKEN".len() + 1
    }

    fn handle(self: Box<Self>, command: Command, _: &mut Batch) -> Result<Step> {
        let password = Password::new(expect_command(command, "TOKEN")?);
        let credentials = Credentials::Password { username: Bytes::new(), password };
        Ok(Step::Ask(AuthenticationRequest::new(name(), credentials), self))
    }
}

impl PendingAuthentication for AwaitToken {
    fn allow(self: Box<Self>, _: &mut Batch) -> Result<Step> {
        Ok(Step::Await(Box::new(self.0)))
    }
}

#[derive(Debug)]
struct AwaitReady {
    token: u8,
    max_metadata_size: usize,
    /// This side's metadata, if it has still to be sent.
    own: Option<Bytes>,
}

impl Handshake for AwaitReady {
    fn max_command_size(&self) -> usize {
        b"\x05READY".len().saturating_add(self.max_metadata_size)
    }

    fn handle(self: Box<Self>, command: Command, _: &mut Batch) -> Result<Step> {
        let metadata = Metadata::decode(expect_command(command, "READY")?)?;
        let outcome = Outcome::new(metadata).with_encryption(Xor(self.token), Xor(self.token));
        Ok(Step::Done(match self.own {
            Some(data) => outcome.with_final_command(Command::Ready { data }),
            None => outcome,
        }))
    }
}

/// Each frame as a record: a frame header, then the frame and a check byte, encrypted.
#[derive(Debug)]
struct Xor(u8);

impl Sealer for Xor {
    fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        for (header, body) in batch.frames_from(sealed.plain_bytes()) {
            if sealed.is_full() {
                return;
            }
            let size = header.size() + body.len();
            sealed.record(size, |bytes| {
                FrameHeader::message(size + 1, false).encode(bytes);
                let start = bytes.len();
                header.encode(bytes);
                bytes.extend_from_slice(body);
                bytes.push(0);
                bytes[start..].iter_mut().for_each(|byte| *byte ^= self.0);
            });
        }
    }
}

impl Opener for Xor {
    fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening> {
        open_records(input, plain, |bytes| {
            let incomplete = Ok(Record::Incomplete { announced: None });
            let Some(header) = FrameHeader::decode(bytes)? else { return incomplete };
            let size = header.size() + usize::try_from(header.body_size()).unwrap();
            let Some(record) = bytes.get_mut(header.size()..size) else { return incomplete };
            record.iter_mut().for_each(|byte| *byte ^= self.0);
            match record.last() {
                Some(0) => Ok(Record::Opened { size, frames: header.size()..size - 1 }),
                _ => Err(PeerUntrusted::Unopened("record").into()),
            }
        })
    }
}

const TOKEN: u8 = 0x5a;

/// Allows the peer with the right token.
async fn check(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { password, .. } if password.expose() == [TOKEN] => {
            Decision::allow_as("alice")
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn server() -> DealerSocket {
    let mechanism = Token { token: TOKEN, is_server: true };
    DealerSocket::builder().mechanism_with_authenticator(mechanism, check).build()
}

fn client(token: u8) -> DealerSocket {
    let builder = DealerSocket::builder().mechanism(Token { token, is_server: false });
    builder.linger(Duration::ZERO).reconnect(fast_reconnect()).build()
}

async fn failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

/// Messages in both directions: of several frames, and larger than one write.
async fn exchange(server: &mut DealerSocket, client: &mut DealerSocket) {
    let messages = [Message::multipart(["a", "secret"]), vec![b'x'; 1 << 20].into()];
    for message in &messages {
        client.send(message.clone()).await.unwrap();
        let (received, peer) = within("the message", server.recv_from()).await.unwrap();
        assert_eq!(received, *message);
        assert_eq!(peer.info().user_id(), Some("alice"));
        assert_eq!(peer.info().mechanism(), name());
        server.send(message.clone()).await.unwrap();
        assert_eq!(within("the answer", client.recv()).await.unwrap(), *message);
    }
}

#[tokio::test]
async fn custom_mechanism_secures_a_bound_server() {
    let (mut server, mut client) = (server(), client(TOKEN));
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    exchange(&mut server, &mut client).await;
}

#[tokio::test]
async fn custom_mechanism_secures_a_bound_client() {
    let (mut server, mut client) = (server(), client(TOKEN));
    server.connect(client.bind(ANY_PORT).await.unwrap()).unwrap();
    exchange(&mut server, &mut client).await;
}

#[tokio::test]
async fn custom_mechanism_denies_a_wrong_token() {
    let (server, client) = (server(), client(TOKEN ^ 1));
    let (mut servers, mut clients) = (server.events(), client.events());
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    let denied = failure(&mut servers).await;
    let HandshakeFailure::Denied { status, .. } = denied else { panic!("{denied}") };
    assert_eq!(status, DenyStatus::AuthenticationFailure);
    let refused = failure(&mut clients).await;
    assert!(refused.to_string().contains("400"), "{refused}");
    assert_eq!(server.stats().peers.len(), 0);
}

/// A mechanism that asks has to have an authenticator to answer: without one no peer is allowed.
#[tokio::test]
async fn custom_mechanism_without_authenticator_denies() {
    let mechanism = Token { token: TOKEN, is_server: true };
    let server = DealerSocket::builder().mechanism(mechanism).build();
    let client = client(TOKEN);
    let mut servers = server.events();
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    let denied = failure(&mut servers).await;
    let HandshakeFailure::Denied { status, .. } = denied else { panic!("{denied}") };
    assert_eq!(status, DenyStatus::InternalError);
}

#[tokio::test]
async fn custom_mechanism_rejects_a_null_peer() {
    let (server, client) = (server(), DealerSocket::new());
    let mut events = server.events();
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    let reason = failure(&mut events).await.to_string();
    assert!(reason.contains("TOKEN") && reason.contains("NULL"), "{reason}");
}
