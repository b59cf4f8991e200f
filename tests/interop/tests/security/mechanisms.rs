//! PLAIN and CURVE, as the codec alone speaks them, against libzmq.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::BytesMut;
use libzmq_peer::{
    Context, Error, EventKind, Monitor, Opt, Socket, SocketKind, curve_keypair, curve_public,
};
use zmtp_codec::{
    AuthenticationRequest, Command, Connection, ConnectionConfig, Credentials, CurveClient,
    CurveKeyPair, CurveSecretKey, CurveServer, Decision, DenyStatus, Event, Mechanism, Message,
    PlainClient, ProtocolError, SocketType, Subscription, Ttl,
};

const PLENTY: Duration = Duration::from_secs(60);
const ANY_PORT: &str = "tcp://127.0.0.1:*";

fn entropy(bytes: &mut [u8]) {
    let mut source = File::open("/dev/urandom").expect("a source of entropy");
    source.read_exact(bytes).expect("entropy");
}

/// A connection of the codec over TCP.
struct Ours {
    stream: TcpStream,
    connection: Connection,
    input: BytesMut,
    decision: Decision,
    request: Option<AuthenticationRequest>,
}

/// What became of a connection of the codec.
#[derive(Debug)]
enum Outcome {
    Event(Event),
    Fault(ProtocolError),
    Closed,
}

impl Ours {
    fn new(stream: TcpStream, config: &ConnectionConfig) -> Self {
        stream.set_read_timeout(Some(PLENTY)).expect("a timeout");
        let connection = Connection::with_entropy(config, entropy);
        let decision = Decision::allow();
        Self { stream, connection, input: BytesMut::new(), decision, request: None }
    }

    fn connect(endpoint: &str, config: &ConnectionConfig) -> Self {
        let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
        Self::new(TcpStream::connect(address).expect("libzmq listens"), config)
    }

    fn flush(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            // A libzmq that has closed its side says so when it is read from.
            let _ = self.stream.write_all(&bytes);
        }
    }

    /// Goes on until something happens.
    fn next(&mut self) -> Outcome {
        loop {
            let event = self.connection.handle_input(&mut self.input, 1);
            self.flush();
            match event {
                Ok(Some(Event::Authenticate(request))) => {
                    self.connection.authenticate(self.decision.clone());
                    self.request = Some(request);
                    continue;
                }
                Ok(Some(event)) => return Outcome::Event(event),
                Ok(None) => {}
                Err(error) => return Outcome::Fault(error),
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Outcome::Closed,
                Ok(count) => self.input.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Outcome::Closed,
                Err(error) => panic!("nothing from libzmq: {error}"),
            }
        }
    }

    fn ready(mut self) -> Self {
        match self.next() {
            Outcome::Event(Event::Ready(_)) => self,
            other => panic!("not ready: {other:?}"),
        }
    }

    fn send(&mut self, message: Message) {
        self.connection.send(message);
        self.flush();
    }

    /// The next message, past any commands.
    fn recv(&mut self) -> Message {
        loop {
            match self.next() {
                Outcome::Event(Event::Messages(run)) => {
                    return run.into_iter().next().expect("one");
                }
                Outcome::Event(Event::Command(_)) => {}
                other => panic!("no message: {other:?}"),
            }
        }
    }
}

/// Where libzmq connects to the codec.
struct Listener(TcpListener);

impl Listener {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn endpoint(&self) -> String {
        format!("tcp://{}", self.0.local_addr().expect("it is bound"))
    }

    fn accept(&self, config: &ConnectionConfig) -> Ours {
        Ours::new(self.0.accept().expect("libzmq connects").0, config)
    }
}

fn keys(secret: &str) -> CurveKeyPair {
    secret.parse::<CurveSecretKey>().expect("a key of libzmq").into()
}

/// The keys of a server and of a client, as libzmq made them.
struct Keys {
    server: (String, String),
    client: (String, String),
}

impl Keys {
    fn new() -> Result<Self, Error> {
        Ok(Self { server: curve_keypair()?, client: curve_keypair()? })
    }

    fn ours_as_client(&self, socket_type: SocketType) -> ConnectionConfig {
        let server_key = self.server.0.parse().expect("a key of libzmq");
        let client = CurveClient::new(keys(&self.client.1), server_key);
        ConnectionConfig::new(socket_type, Mechanism::CurveClient(client))
    }

    fn ours_as_server(&self, socket_type: SocketType) -> ConnectionConfig {
        let server = CurveServer::new(keys(&self.server.1));
        ConnectionConfig::new(socket_type, Mechanism::CurveServer(server))
    }

    fn set_client(&self, socket: &Socket) -> Result<(), Error> {
        socket.set_str(Opt::CURVE_SERVERKEY, Some(&self.server.0))?;
        socket.set_str(Opt::CURVE_PUBLICKEY, Some(&self.client.0))?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&self.client.1))
    }

    fn set_server(&self, socket: &Socket) -> Result<(), Error> {
        socket.set_i32(Opt::CURVE_SERVER, 1)?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&self.server.1))
    }
}

/// A context of libzmq whose ZAP handler lets in whoever has the password "secret", and all keys.
fn context_with_zap() -> Result<(Context, JoinHandle<Result<(), Error>>), Error> {
    let context = Context::new()?;
    let handler = Socket::new(&context, SocketKind::Rep)?;
    handler.bind("inproc://zeromq.zap.01")?;
    let serve = move || -> Result<(), Error> {
        // Until the context is shut down.
        while let Ok(request) = handler.recv() {
            let allowed = request[5] != b"PLAIN" || request[7] == b"secret";
            let status: &[u8] = if allowed { b"200" } else { b"400" };
            handler.send(&[&b"1.0"[..], &request[1], status, b"", b"user", b""])?;
        }
        Ok(())
    };
    Ok((context, thread::spawn(serve)))
}

/// Messages of every shape, of which some take more than one read.
fn messages() -> Vec<Message> {
    let sizes = [0, 1, 33, 222, 223, 255, 256, 300, 8192, 65_536, 1 << 20];
    let single = sizes.iter().map(|&size| Message::from(vec![7; size]));
    let many = (0..2000_usize).map(|n| Message::multipart([n.to_string(), String::new()]));
    single
        .chain([Message::multipart([vec![1; 70_000], vec![], vec![2; 100]])])
        .chain(many)
        .collect()
}

/// Sends all messages there and back again.
fn echo(ours: &mut Ours, libzmq: &Socket) -> Result<(), Error> {
    for message in messages() {
        ours.send(message.clone());
        let received = libzmq.recv_timeout(PLENTY)?.expect("the message");
        assert_eq!(Message::multipart(received.clone()), message);
        libzmq.send(&received)?;
        assert_eq!(ours.recv(), message);
    }
    // And with as many at once as there is room for.
    for message in messages().iter().rev().take(500) {
        ours.send(message.clone());
    }
    for message in messages().iter().rev().take(500) {
        let received = libzmq.recv_timeout(PLENTY)?.expect("the message");
        assert_eq!(&Message::multipart(received.clone()), message);
        libzmq.send(&received)?;
    }
    for message in messages().iter().rev().take(500) {
        assert_eq!(&ours.recv(), message);
    }
    Ok(())
}

fn wait_for(monitor: &Monitor, kind: EventKind) -> Result<u32, Error> {
    Ok(monitor.wait_for(kind, PLENTY)?.unwrap_or_else(|| panic!("{kind:?}")).value)
}

fn plain_client(password: &str) -> ConnectionConfig {
    let client = PlainClient::new("admin", password).expect("short");
    ConnectionConfig::new(SocketType::Dealer, Mechanism::PlainClient(client))
}

#[test]
fn our_plain_client_with_libzmq_server() -> Result<(), Error> {
    let (context, handler) = context_with_zap()?;
    let server = Socket::new(&context, SocketKind::Dealer)?;
    server.set_i32(Opt::PLAIN_SERVER, 1)?;
    let endpoint = server.bind(ANY_PORT)?;

    let mut refused = Ours::connect(&endpoint, &plain_client("wrong"));
    match refused.next() {
        Outcome::Fault(ProtocolError::Refused { reason }) => assert_eq!(reason, "400"),
        other => panic!("a refusal: {other:?}"),
    }
    let mut ours = Ours::connect(&endpoint, &plain_client("secret")).ready();
    echo(&mut ours, &server)?;
    drop(server);
    context.shutdown();
    handler.join().expect("it ends in order")
}

#[test]
fn our_plain_server_with_libzmq_client() -> Result<(), Error> {
    let context = Context::new()?;
    let listener = Listener::new();
    let config = ConnectionConfig::new(SocketType::Dealer, Mechanism::PlainServer);
    let client = Socket::new(&context, SocketKind::Dealer)?;
    client.set_str(Opt::PLAIN_USERNAME, Some("admin"))?;
    client.set_str(Opt::PLAIN_PASSWORD, Some("secret"))?;
    let monitor = client.monitor()?;
    client.connect(&listener.endpoint())?;
    let mut ours = listener.accept(&config).ready();
    let frames = ours.request.as_ref().expect("a question").credentials.to_frames();
    assert_eq!(frames, ["admin", "secret"]);
    echo(&mut ours, &client)?;
    wait_for(&monitor, EventKind::HANDSHAKE_SUCCEEDED)?;
    Ok(())
}

#[test]
fn our_curve_client_with_libzmq_server() -> Result<(), Error> {
    let keys = Keys::new()?;
    let server = Socket::new(&Context::new()?, SocketKind::Dealer)?;
    keys.set_server(&server)?;
    let endpoint = server.bind(ANY_PORT)?;
    let mut ours = Ours::connect(&endpoint, &keys.ours_as_client(SocketType::Dealer)).ready();
    echo(&mut ours, &server)
}

#[test]
fn our_curve_server_with_libzmq_client() -> Result<(), Error> {
    let keys = Keys::new()?;
    let listener = Listener::new();
    let client = Socket::new(&Context::new()?, SocketKind::Dealer)?;
    keys.set_client(&client)?;
    client.connect(&listener.endpoint())?;
    let mut ours = listener.accept(&keys.ours_as_server(SocketType::Dealer)).ready();
    let key = Credentials::PublicKey(*self::keys(&keys.client.1).public_key().as_bytes());
    assert_eq!(ours.request.as_ref().expect("a question").credentials, key);
    echo(&mut ours, &client)
}

#[test]
fn encrypted_libzmq_subscriptions_decode() -> Result<(), Error> {
    let keys = Keys::new()?;
    let listener = Listener::new();
    let sub = Socket::new(&Context::new()?, SocketKind::Sub)?;
    keys.set_client(&sub)?;
    sub.set_bytes(Opt::SUBSCRIBE, b"weather")?;
    sub.connect(&listener.endpoint())?;
    let mut ours = listener.accept(&keys.ours_as_server(SocketType::Pub)).ready();
    let Outcome::Event(Event::Command(Command::Subscribe { topic })) = ours.next() else {
        panic!("a subscription");
    };
    assert_eq!(topic, "weather");
    ours.send(Message::multipart(["weather/oslo", "rain"]));
    assert_eq!(sub.recv_timeout(PLENTY)?.expect("news"), [&b"weather/oslo"[..], b"rain"]);
    sub.set_bytes(Opt::UNSUBSCRIBE, b"weather")?;
    let Outcome::Event(Event::Command(Command::Cancel { topic })) = ours.next() else {
        panic!("the end of the subscription");
    };
    assert_eq!(topic, "weather");
    Ok(())
}

#[test]
fn libzmq_decodes_our_encrypted_subscriptions() -> Result<(), Error> {
    let keys = Keys::new()?;
    let xpub = Socket::new(&Context::new()?, SocketKind::Xpub)?;
    keys.set_server(&xpub)?;
    let endpoint = xpub.bind(ANY_PORT)?;
    let mut ours = Ours::connect(&endpoint, &keys.ours_as_client(SocketType::Sub)).ready();
    for topic in ["a".to_owned(), "x".repeat(245), "y".repeat(255)] {
        ours.connection.send_subscription(Subscription::Subscribe(topic.clone().into()));
        ours.flush();
        let expected = [b"\x01", topic.as_bytes()].concat();
        assert_eq!(xpub.recv_timeout(PLENTY)?.expect("a subscription"), [expected]);
    }
    xpub.send(&["apple"])?;
    assert_eq!(ours.recv(), Message::from("apple"));
    Ok(())
}

#[test]
fn heartbeats_are_encrypted_both_ways() -> Result<(), Error> {
    let keys = Keys::new()?;
    let server = Socket::new(&Context::new()?, SocketKind::Dealer)?;
    keys.set_server(&server)?;
    server.set_i32(Opt::HEARTBEAT_IVL, 50)?;
    server.set_i32(Opt::HEARTBEAT_TTL, 60_000)?;
    server.set_i32(Opt::HEARTBEAT_TIMEOUT, 5_000)?;
    let endpoint = server.bind(ANY_PORT)?;
    let mut ours = Ours::connect(&endpoint, &keys.ours_as_client(SocketType::Dealer)).ready();
    let ping = Command::Ping { ttl: Ttl::NONE, context: "are you there".into() };
    ours.connection.send_command(&ping);
    let (mut pings, mut pongs) = (0, 0);
    while pings < 3 || pongs < 1 {
        match ours.next() {
            Outcome::Event(Event::Command(Command::Ping { ttl, .. })) => {
                assert_eq!(ttl.duration(), Duration::from_secs(60));
                pings += 1;
            }
            Outcome::Event(Event::Command(Command::Pong { context })) => {
                assert_eq!(context, "are you there");
                pongs += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    server.send(&["still here"])?;
    assert_eq!(ours.recv(), Message::from("still here"));
    Ok(())
}

#[test]
fn wrong_server_key_is_detected_either_way() -> Result<(), Error> {
    let (keys, others) = (Keys::new()?, Keys::new()?);
    let context = Context::new()?;
    // libzmq serves.
    let server = Socket::new(&context, SocketKind::Dealer)?;
    others.set_server(&server)?;
    let monitor = server.monitor()?;
    let endpoint = server.bind(ANY_PORT)?;
    let mut ours = Ours::connect(&endpoint, &keys.ours_as_client(SocketType::Dealer));
    assert!(matches!(ours.next(), Outcome::Closed));
    wait_for(&monitor, EventKind::HANDSHAKE_FAILED_PROTOCOL)?;
    // The codec serves.
    let listener = Listener::new();
    let client = Socket::new(&context, SocketKind::Dealer)?;
    others.set_client(&client)?;
    client.connect(&listener.endpoint())?;
    let mut ours = listener.accept(&keys.ours_as_server(SocketType::Dealer));
    let Outcome::Fault(error) = ours.next() else { panic!("a fault") };
    assert!(error.to_string().starts_with("peer's HELLO cannot be decrypted"), "{error}");
    Ok(())
}

#[test]
fn denied_libzmq_plain_client_stays_away() -> Result<(), Error> {
    let listener = Listener::new();
    let client = Socket::new(&Context::new()?, SocketKind::Dealer)?;
    client.set_str(Opt::PLAIN_USERNAME, Some("admin"))?;
    client.set_str(Opt::PLAIN_PASSWORD, Some("wrong"))?;
    client.set_i32(Opt::RECONNECT_IVL, 10)?;
    let monitor = client.monitor()?;
    client.connect(&listener.endpoint())?;
    let config = ConnectionConfig::new(SocketType::Dealer, Mechanism::PlainServer);
    let mut ours = listener.accept(&config);
    ours.decision = Decision::Deny(DenyStatus::AuthenticationFailure);
    assert!(matches!(ours.next(), Outcome::Fault(ProtocolError::Denied(_))));
    // libzmq misspells ERROR in PLAIN, so that it does not know one that is spelled right.
    wait_for(&monitor, EventKind::HANDSHAKE_FAILED_PROTOCOL)?;
    assert_eq!(monitor.wait_for(EventKind::CONNECTED, Duration::from_millis(300))?, None);
    Ok(())
}

#[test]
fn libzmq_understands_our_denial() -> Result<(), Error> {
    let keys = Keys::new()?;
    for status in [DenyStatus::AuthenticationFailure, DenyStatus::InternalError] {
        let listener = Listener::new();
        let client = Socket::new(&Context::new()?, SocketKind::Dealer)?;
        keys.set_client(&client)?;
        let monitor = client.monitor()?;
        client.connect(&listener.endpoint())?;
        let mut ours = listener.accept(&keys.ours_as_server(SocketType::Dealer));
        ours.decision = Decision::Deny(status);
        assert!(matches!(ours.next(), Outcome::Fault(ProtocolError::Denied(_))));
        let code = wait_for(&monitor, EventKind::HANDSHAKE_FAILED_AUTH)?;
        assert_eq!(code, u32::from(status.code()));
    }
    Ok(())
}

#[test]
fn keys_and_key_text_match_libzmq() -> Result<(), Error> {
    let (public, secret) = curve_keypair()?;
    assert_eq!(keys(&secret).public_key().to_string(), public);
    assert_eq!(keys(&secret).secret_key().to_z85().as_str(), secret);
    let ours = CurveKeyPair::generate(entropy);
    assert_eq!(curve_public(&ours.secret_key().to_z85())?, ours.public_key().to_string());
    Ok(())
}
