//! The `tracing` output, compared with the tables of `docs/observability.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use support::{ANY_PORT, disconnected, event, fast_reconnect, within};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use zeromq_async::security::{Attempt, Decision, DenyStatus};
use zeromq_async::transport::{Io, Listener};
use zeromq_async::{Endpoint, PairSocket, PullSocket, PushSocket, SocketEvent};

/// Target, name, level and fields, as in the tables.
type Row = (String, String, Level, BTreeSet<String>);

type Values = BTreeMap<String, String>;

#[derive(Debug, Clone)]
struct RecordedEvent {
    row: Row,
    values: Values,
    /// The span of the event.
    span: Option<Id>,
}

/// Records all events of this crate on this thread.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    events: Vec<RecordedEvent>,
    spans: Vec<(Id, Row, Values)>,
}

impl Recorder {
    fn start() -> (Self, DefaultGuard) {
        let notes = Self::default();
        let subscriber = Registry::default().with(notes.clone());
        (notes, tracing::subscriber::set_default(subscriber))
    }

    fn events(&self) -> Vec<RecordedEvent> {
        self.0.lock().expect("no panic").events.clone()
    }

    /// The values of the only event of this name.
    fn only(&self, name: &str) -> RecordedEvent {
        let mut found = self.events();
        found.retain(|heard| heard.row.1 == name);
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found.remove(0)
    }

    fn spans(&self) -> Vec<(Id, Row, Values)> {
        self.0.lock().expect("no panic").spans.clone()
    }

    /// Every recorded event is in the tables and matches them.
    fn check(&self) {
        let tables = tables();
        for row in self.events().into_iter().map(|heard| heard.row) {
            assert!(tables.contains(&row), "an event is not as documented: {row:?}");
        }
        for (_, row, _) in self.spans() {
            assert!(tables.contains(&row), "a span is not as documented: {row:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>, _: LayerContext<'_, S>) -> bool {
        metadata.target().starts_with("zeromq_async")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: LayerContext<'_, S>) {
        let mut reader = Reader::default();
        attributes.record(&mut reader);
        let span = (id.clone(), row(attributes.metadata()), reader.0);
        self.0.lock().expect("no panic").spans.push(span);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: LayerContext<'_, S>) {
        let mut reader = Reader::default();
        record.record(&mut reader);
        let mut pages = self.0.lock().expect("no panic");
        let span = pages.spans.iter_mut().rev().find(|(span, ..)| span == id);
        span.expect("it was noted when it was new").2.extend(reader.0);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let mut reader = Reader::default();
        event.record(&mut reader);
        let span = context.event_span(event).map(|span| span.id());
        let heard = RecordedEvent { row: row(event.metadata()), values: reader.0, span };
        self.0.lock().expect("no panic").events.push(heard);
    }
}

/// Reads values as text.
#[derive(Default)]
struct Reader(Values);

impl Visit for Reader {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

fn row(metadata: &Metadata<'_>) -> Row {
    let fields = metadata.fields().iter().map(|field| field.name().to_owned());
    let fields = fields.filter(|field| field != "message").collect();
    (metadata.target().to_owned(), metadata.name().to_owned(), *metadata.level(), fields)
}

/// The rows of the tables that begin with a target.
fn tables() -> Vec<Row> {
    let text = include_str!("../../../docs/observability.md");
    let rows = text.lines().filter(|line| line.starts_with("| `zeromq_async::"));
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let plain = |cell: &str| cell.replace('`', "");
        let fields = plain(cells[3]).split_whitespace().map(str::to_owned).collect();
        (plain(cells[0]), plain(cells[1]), cells[2].parse().expect("a level"), fields)
    });
    rows.collect()
}

#[test]
fn tables_name_each_event_once() {
    let tables = tables();
    assert_eq!(tables.len(), 24);
    let names: BTreeSet<_> = tables.iter().map(|(_, name, ..)| name).collect();
    assert_eq!(names.len(), tables.len());
}

#[tokio::test]
async fn connection_events_name_endpoint_and_peer() {
    let (notes, _guard) = Recorder::start();
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    push.connect(&endpoint).unwrap();
    push.send("hello").await.unwrap();
    let (_, peer) = within("the message", pull.recv_from()).await.unwrap();
    push.close().await;
    disconnected(&mut events).await;
    pull.close().await;
    notes.check();

    let text = endpoint.to_string();
    assert_eq!(notes.only("listening").values["endpoint"], text);
    let connected = notes.only("connected").values;
    assert_eq!((&connected["socket"][..], &connected["endpoint"]), ("PUSH", &text));
    let accepted = notes.only("accepted").values;
    assert_eq!(accepted["address"], peer.address().unwrap().to_string());
    let mut ready = notes.events();
    ready.retain(|heard| heard.row.1 == "handshake_succeeded" && heard.values["socket"] == "PULL");
    assert_eq!(ready[0].values["peer_type"], "PUSH");
    assert_eq!(ready[0].values["mechanism"], "NULL");
    assert_eq!(ready[0].values["peer"], peer.id().to_string());
    let reasons = notes.events().into_iter().filter(|heard| heard.row.1 == "disconnected");
    let reasons: BTreeSet<_> = reasons.map(|heard| heard.values["reason"].clone()).collect();
    assert_eq!(reasons, ["closed", "peer_closed"].map(str::to_owned).into());
    assert_eq!(notes.only("connect_stopped").values["socket"], "PUSH");
    assert_eq!(notes.only("listener_closed").values["socket"], "PULL");
}

#[tokio::test]
async fn connection_span_names_socket_and_peer() {
    let (notes, _guard) = Recorder::start();
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    push.connect(&endpoint).unwrap();
    push.send("hello").await.unwrap();
    let (_, peer) = within("the message", pull.recv_from()).await.unwrap();
    push.close().await;
    pull.close().await;
    notes.check();

    let spans = notes.spans();
    assert_eq!(spans.len(), 2, "{spans:#?}"); // one at each side
    for (socket, count) in [("PUSH", 3), ("PULL", 2)] {
        let (id, _, values) = spans.iter().find(|span| span.2["socket"] == socket).unwrap();
        assert_eq!(values["endpoint"], endpoint.to_string());
        assert!(values["address"].starts_with("127.0.0.1:"), "{values:?}");
        assert!(values["peer"].starts_with("peer "), "{values:?}");
        // Inside are the events of the connection: connected, ready, ended.
        let inside = notes.events().into_iter().filter(|heard| heard.span.as_ref() == Some(id));
        assert_eq!(inside.count(), count, "{:#?}", notes.events());
    }
    let (_, _, accepted) = spans.iter().find(|span| span.2["socket"] == "PULL").unwrap();
    assert_eq!(accepted["address"], peer.address().unwrap().to_string());
    assert_eq!(accepted["peer"], peer.id().to_string());
}

#[tokio::test]
async fn messages_log_nothing() {
    let (notes, _guard) = Recorder::start();
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    push.send("first").await.unwrap();
    pull.recv().await.unwrap();
    let before = notes.events().len();
    for _ in 0..1000 {
        push.send("more").await.unwrap();
        within("a message", pull.recv()).await.unwrap();
    }
    assert_eq!(notes.events().len(), before);
    push.close().await;
    pull.close().await;
    assert!(notes.events().iter().all(|heard| heard.row.2 == Level::DEBUG));
}

#[tokio::test]
async fn failed_attempts_log_their_number() {
    let (notes, _guard) = Recorder::start();
    let nobody = support::ReservedPort::new();
    let push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(nobody.endpoint()).unwrap();
    event(&mut events, "a second failure", |event| {
        matches!(event, SocketEvent::ConnectFailed { attempt: 2, .. }).then_some(())
    })
    .await;
    push.close().await;
    notes.check();
    let events = notes.events();
    let failed = events.iter().find(|heard| heard.row.1 == "connect_failed").unwrap();
    assert_eq!(failed.values["attempt"], "1");
    assert!(failed.values["error"].contains("refused"), "{failed:?}");
    let retried = events.iter().find(|heard| heard.row.1 == "connect_retried").unwrap();
    assert_eq!(retried.values["attempt"], "2");
    assert!(retried.values["delay"].ends_with("ms"), "{retried:?}");
}

#[tokio::test]
async fn final_refusal_warns_only_the_client() {
    let (notes, _guard) = Recorder::start();
    let nobody = |_: Attempt| async { Decision::Deny(DenyStatus::AuthenticationFailure) };
    let pull = PullSocket::builder().null_server(nobody).build();
    let push = PushSocket::new();
    let mut events = push.events();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    event(&mut events, "the end of connecting", |event| {
        matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
    })
    .await;
    let given_up = notes.only("connect_given_up");
    assert_eq!((given_up.row.2, &given_up.values["socket"][..]), (Level::WARN, "PUSH"));
    let warnings = notes.events().into_iter().filter(|heard| heard.row.2 < Level::DEBUG);
    assert_eq!(warnings.count(), 1);
    push.close().await;
    pull.close().await;
    notes.check();
    let mut failed = notes.events();
    failed.retain(|heard| heard.row.1 == "handshake_failed");
    let reason = |socket: &str| {
        let heard = failed.iter().find(|heard| heard.values["socket"] == socket);
        heard.unwrap().values["reason"].clone()
    };
    assert_eq!((&reason("PUSH")[..], &reason("PULL")[..]), ("protocol", "denied"));
}

#[tokio::test]
async fn rejected_inproc_peer_is_logged() {
    let (notes, _guard) = Recorder::start();
    let server = PairSocket::new();
    server.bind("inproc://observed-pair").await.unwrap();
    let (first, second) = (PairSocket::new(), PairSocket::new());
    first.connect("inproc://observed-pair").unwrap();
    second.connect("inproc://observed-pair").unwrap();
    notes.check();
    let mut rejected = notes.events();
    rejected.retain(|heard| heard.row.1 == "rejected");
    assert_eq!(rejected[0].values["endpoint"], "inproc://observed-pair");
    assert_eq!(rejected[0].values["reason"], "rejected");
}

#[tokio::test]
async fn unsent_on_drop_is_a_warning() {
    let (notes, _guard) = Recorder::start();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    let mut events = push.events();
    push.connect("inproc://observed-unbound").unwrap();
    push.send("one").await.unwrap();
    push.send("two").await.unwrap();
    drop(push);
    while within("its end", events.next()).await.is_some() {}
    tokio::task::yield_now().await;
    notes.check();
    let unsent = notes.only("dropped_unsent");
    assert_eq!((unsent.row.2, &unsent.values["unsent"][..]), (Level::WARN, "2"));
    assert_eq!(notes.only("closed").values["unsent"], "2");
}

#[tokio::test]
async fn unsent_on_close_is_not_a_warning() {
    let (notes, _guard) = Recorder::start();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    push.connect("inproc://observed-closed").unwrap();
    push.send("never read").await.unwrap();
    assert_eq!(push.close().await.unsent, 1);
    tokio::task::yield_now().await; // the dropped handle ends it once more
    notes.check();
    assert_eq!(notes.only("closed").values["unsent"], "1");
    assert!(notes.events().iter().all(|heard| heard.row.2 == Level::DEBUG));
}

/// A listener whose first accepts fail.
struct Failing(Endpoint, u32);

impl Listener for Failing {
    fn poll_accept(&mut self, _: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        if self.1 == 0 {
            return Poll::Pending;
        }
        self.1 -= 1;
        Poll::Ready(Err(io::Error::other("no descriptors")))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.0
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_accept_failures_warn_once() {
    let (notes, _guard) = Recorder::start();
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = "tcp://127.0.0.1:5555".parse().unwrap();
    pull.handle().bind_listener(Failing(endpoint, 3)).unwrap();
    for _ in 0..3 {
        event(&mut events, "a failure", |event| {
            matches!(event, SocketEvent::AcceptFailed { .. }).then_some(())
        })
        .await;
    }
    notes.check();
    let failing = notes.only("accept_failing");
    assert_eq!((failing.row.2, &failing.values["error"][..]), (Level::WARN, "no descriptors"));
    let failed = notes.events().into_iter().filter(|heard| heard.row.1 == "accept_failed");
    assert_eq!(failed.count(), 3);
}
