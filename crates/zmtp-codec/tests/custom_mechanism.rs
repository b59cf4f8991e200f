//! A mechanism that is defined outside of the crate: a shared token, and a toy encryption.

mod support;

use bytes::{Bytes, BytesMut};
use support::{Pair, end};
use zmtp_codec::mechanism::{
    Handshake, HandshakeContext, Opener, Opening, Outcome, PendingAuthentication, Record, Sealer,
    Step, expect_command, open_records,
};
use zmtp_codec::wire::{FrameHeader, MechanismName};
use zmtp_codec::{
    AuthenticationRequest, Batch, Command, ConnectionConfig, Credentials, Decision, DenyStatus,
    Mechanism, Message, Metadata, Password, PeerUntrusted, ProtocolError, SealBuffer, SocketType,
};

type Result<T> = std::result::Result<T, ProtocolError>;

/// TOKEN: the client sends `TOKEN | token`, the server decides, and both send READY. Frames are then
/// encrypted with the exclusive or of one byte.
#[derive(Debug)]
struct Token {
    token: u8,
    is_server: bool,
}

impl Mechanism for Token {
    fn name(&self) -> MechanismName {
        MechanismName::from_slice(b"TOKEN").expect("1 to 20 bytes")
    }

    fn is_server(&self) -> bool {
        self.is_server
    }

    fn start(&self, mut context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        context.take_seed()?;
        assert_ne!(context.peer_is_server, self.is_server);
        if self.is_server {
            return Ok(Step::Await(Box::new(AwaitToken { context, token: self.token })));
        }
        let data = Bytes::copy_from_slice(&[self.token]);
        output.push_command(&Command::Unknown { name: "TOKEN".into(), data });
        output.push_command(&Command::Ready { data: context.metadata });
        let max_metadata_size = context.max_metadata_size;
        Ok(Step::Await(Box::new(AwaitReady { token: self.token, max_metadata_size, own: None })))
    }
}

#[derive(Debug)]
struct AwaitToken {
    context: HandshakeContext,
    token: u8,
}

impl Handshake for AwaitToken {
    fn max_command_size(&self) -> usize {
        b"\x05TOKEN".len() + 1
    }

    fn handle(self: Box<Self>, command: Command, _: &mut Batch) -> Result<Step> {
        let token = expect_command(command, "TOKEN")?;
        let password = Password::new(&token);
        let credentials = Credentials::Password { username: Bytes::new(), password };
        let name = MechanismName::from_slice(b"TOKEN").expect("1 to 20 bytes");
        Ok(Step::Ask(AuthenticationRequest::new(name, credentials), self))
    }
}

impl PendingAuthentication for AwaitToken {
    fn allow(self: Box<Self>, _: &mut Batch) -> Result<Step> {
        let Self { context, token } = *self;
        let max_metadata_size = context.max_metadata_size;
        let own = Some(context.metadata);
        Ok(Step::Await(Box::new(AwaitReady { token, max_metadata_size, own })))
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
            let size = header.size() + usize::try_from(header.body_size()).expect("64 bits");
            let Some(record) = bytes.get_mut(header.size()..size) else { return incomplete };
            record.iter_mut().for_each(|byte| *byte ^= self.0);
            match record.last() {
                Some(0) => Ok(Record::Opened { size, frames: header.size()..size - 1 }),
                _ => Err(PeerUntrusted::Unopened("record").into()),
            }
        })
    }
}

fn pair(client: u8, server: u8, piece: usize) -> Pair {
    let config = |token, is_server| {
        let socket_type = if is_server { SocketType::Pull } else { SocketType::Push };
        ConnectionConfig::new(socket_type, Token { token, is_server })
    };
    Pair::of([end(&config(client, false)), end(&config(server, true))], vec![piece])
}

#[test]
fn custom_mechanism_encrypts_messages() {
    for piece in [1, 7, usize::MAX] {
        let mut pair = pair(0x5a, 0x5a, piece).deciding(Decision::allow_as("alice")).ready();
        assert_eq!(pair.ends[1].peer().user_id(), Some("alice"));
        assert_eq!(pair.ends[1].peer().mechanism().to_string(), "TOKEN");
        let request = pair.ends[1].requests().pop().expect("the server asked");
        let Credentials::Password { password, .. } = request.credentials else { panic!("a token") };
        assert_eq!(password.expose(), [0x5a]);

        let messages = [Message::multipart(["a", "secret"]), vec![b'x'; 100_000].into()];
        for message in &messages {
            pair.ends[0].connection.send(message.clone());
        }
        let sent = pair.ends[0].sent();
        assert!(!sent.windows(6).any(|bytes| bytes == b"secret"), "encrypted");
        pair.ends[1].read(&sent);
        pair.drive();
        assert_eq!(pair.ends[1].messages(), messages);
    }
}

#[test]
fn custom_mechanism_is_denied_like_others() {
    let decision = Decision::Deny(DenyStatus::AuthenticationFailure);
    let mut pair = pair(1, 1, usize::MAX).deciding(decision);
    pair.drive();
    let reason = "400".into();
    assert_eq!(pair.ends[0].error, Some(ProtocolError::Refused { reason }));
}

#[test]
fn custom_opener_rejects_foreign_records() {
    let mut pair = pair(1, 2, usize::MAX).deciding(Decision::allow()).ready();
    pair.ends[0].connection.send("hello".into());
    pair.drive();
    assert_eq!(pair.ends[1].error, Some(PeerUntrusted::Unopened("record").into()));
}
