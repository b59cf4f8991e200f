//! What a socket exports to the `metrics` crate, read as Prometheus would; and that the dashboard
//! and the documentation ask for nothing else.
#![cfg(feature = "metrics")]

use std::collections::BTreeSet;
use std::time::Duration;

use metrics::LocalRecorderGuard;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use support::{ANY_PORT, within};
use tokio::task::JoinHandle;
use zeromq_async::{
    Message, PubSocket, PullSocket, PushSocket, ReqSocket, RouterSocket, SocketHandle,
};
use zeromq_util::metrics::{self as observe, MetricsExport};

const OFTEN: Duration = Duration::from_millis(1);

/// What Prometheus would see of this thread.
struct Page(PrometheusHandle);

impl Page {
    /// A recorder for the thread lives as long as the test.
    fn open() -> (Self, LocalRecorderGuard<'static>) {
        let recorder: &'static PrometheusRecorder =
            Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        (Self(recorder.handle()), metrics::set_default_local_recorder(recorder))
    }

    fn value(&self, series: &str) -> Option<f64> {
        let page = self.0.render();
        let mut lines = page.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().expect("a number"))
    }

    /// Waits until a series has a value.
    async fn shows(&self, series: &str, value: f64) {
        let looking = async {
            while self.value(series) != Some(value) {
                tokio::time::sleep(OFTEN).await;
            }
        };
        if tokio::time::timeout(support::DEADLINE, looking).await.is_err() {
            panic!("no {series} {value} in\n{}", self.0.render());
        }
    }

    fn names(&self) -> BTreeSet<String> {
        let page = self.0.render();
        let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| line.split(' ').next().expect("a name").to_owned()).collect()
    }
}

fn export(handle: &SocketHandle, name: &str) -> JoinHandle<()> {
    tokio::spawn(MetricsExport::new(handle, name, OFTEN).run())
}

#[tokio::test]
async fn counters_are_exported_until_socket_ends() {
    let (page, _recording) = Page::open();
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let exporting = [export(push.handle(), "jobs"), export(pull.handle(), "work")];
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    for _ in 0..3 {
        push.send("a job").await.unwrap();
    }
    within("a job", pull.recv()).await.unwrap();
    page.shows(r#"zeromq_sent_total{socket="jobs"}"#, 3.0).await;
    page.shows(r#"zeromq_received_total{socket="work"}"#, 3.0).await;
    page.shows(r#"zeromq_taken_total{socket="work"}"#, 1.0).await;
    page.shows(r#"zeromq_unread{socket="work"}"#, 2.0).await;
    page.shows(r#"zeromq_peers_connected{socket="work"}"#, 1.0).await;
    page.shows(r#"zeromq_handshakes_total{socket="work"}"#, 1.0).await;
    page.shows(r#"zeromq_bytes_received_total{socket="work"}"#, 21.0).await;
    page.shows(r#"zeromq_dropped_total{socket="jobs",reason="full"}"#, 0.0).await;

    push.close().await;
    page.shows(r#"zeromq_disconnects_total{socket="work",reason="peer_closed"}"#, 1.0).await;
    within("a job", pull.recv()).await.unwrap();
    pull.close().await;
    for exporting in exporting {
        within("the end of exporting", exporting).await.unwrap();
    }
    assert_eq!(page.value(r#"zeromq_taken_total{socket="work"}"#), Some(2.0));
    for gauge in ["queued", "unread", "peers", "peers_connected"] {
        for socket in ["jobs", "work"] {
            let series = format!(r#"zeromq_{gauge}{{socket="{socket}"}}"#);
            assert_eq!(page.value(&series), Some(0.0), "{series}");
        }
    }
}

#[tokio::test]
async fn drops_are_exported_by_reason() {
    let (page, _recording) = Page::open();
    let mut publisher = PubSocket::new();
    let _exporting = export(publisher.handle(), "news");
    publisher.send("nobody listens").await.unwrap();
    page.shows(r#"zeromq_dropped_total{socket="news",reason="unsubscribed"}"#, 1.0).await;
    let mut router = RouterSocket::new();
    let _exporting = export(router.handle(), "replies");
    router.send(Message::multipart(["nobody", "hello"])).await.unwrap();
    page.shows(r#"zeromq_dropped_total{socket="replies",reason="unroutable"}"#, 1.0).await;
}

#[tokio::test]
async fn exporting_does_not_keep_a_socket_alive() {
    let (page, _recording) = Page::open();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    let exporting = export(push.handle(), "dropped");
    push.connect("inproc://metrics-dropped").unwrap();
    push.send("never read").await.unwrap();
    page.shows(r#"zeromq_queued{socket="dropped"}"#, 1.0).await;
    drop(push);
    within("the end of exporting", exporting).await.unwrap();
    assert_eq!(page.value(r#"zeromq_queued{socket="dropped"}"#), Some(0.0));
    assert_eq!(page.value(r#"zeromq_lost_total{socket="dropped"}"#), Some(1.0));
}

#[tokio::test]
async fn aborted_export_clears_its_gauges() {
    let (page, _recording) = Page::open();
    let mut push = PushSocket::new();
    push.connect("inproc://metrics-given-up").unwrap();
    push.send("waits").await.unwrap();
    let export = MetricsExport::new(push.handle(), "given-up", OFTEN).peers(observe::by_endpoint);
    let exporting = tokio::spawn(export.run());
    let queued = r#"zeromq_queued{socket="given-up"}"#;
    let of_peer = r#"zeromq_peer_queued{socket="given-up",peer="inproc://metrics-given-up"}"#;
    page.shows(queued, 1.0).await;
    page.shows(of_peer, 1.0).await;
    exporting.abort();
    page.shows(queued, 0.0).await;
    page.shows(of_peer, 0.0).await;
}

#[tokio::test]
async fn sockets_with_one_name_are_summed() {
    let (page, _recording) = Page::open();
    let mut sockets = Vec::new();
    for number in 0..3 {
        let mut push = PushSocket::new();
        push.connect(format!("inproc://metrics-add-up-{number}")).unwrap();
        push.send("waits").await.unwrap();
        sockets.push((export(push.handle(), "pool"), push));
    }
    let queued = r#"zeromq_queued{socket="pool"}"#;
    page.shows(queued, 3.0).await;
    sockets.pop();
    page.shows(queued, 3.0).await; // it lingers
    let (_, push) = sockets.pop().unwrap();
    push.handle().close_within(Duration::ZERO).await;
    page.shows(queued, 2.0).await;
}

#[tokio::test]
async fn peer_gauges_end_with_the_peer() {
    let (page, _recording) = Page::open();
    let mut router = RouterSocket::new();
    let export = MetricsExport::new(router.handle(), "desk", OFTEN).peers(observe::by_routing_id);
    tokio::spawn(export.run());
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut clients = Vec::new();
    for (name, requests) in [("ann", 1), ("bob", 1)] {
        let mut client = ReqSocket::builder().routing_id(name).unwrap().build();
        client.connect(&endpoint).unwrap();
        for _ in 0..requests {
            client.send("question").await.unwrap();
            let question = within("the question", router.recv()).await.unwrap();
            router.send(question).await.unwrap();
            within("the answer", client.recv()).await.unwrap();
        }
        clients.push(client);
    }
    for name in ["ann", "bob"] {
        let series = |metric| format!(r#"zeromq_peer_{metric}{{socket="desk",peer="{name}"}}"#);
        page.shows(&series("received_total"), 1.0).await;
        page.shows(&series("sent_total"), 1.0).await;
        page.shows(&series("connected"), 1.0).await;
    }
    clients.remove(0).close().await;
    page.shows(r#"zeromq_peer_connected{socket="desk",peer="ann"}"#, 0.0).await;
    page.shows(r#"zeromq_peer_connected{socket="desk",peer="bob"}"#, 1.0).await;
    // What it did stays, and goes on when it comes again.
    let mut again = ReqSocket::builder().routing_id("ann").unwrap().build();
    again.connect(&endpoint).unwrap();
    again.send("question").await.unwrap();
    page.shows(r#"zeromq_peer_received_total{socket="desk",peer="ann"}"#, 2.0).await;
}

/// All that each peer does is between two samples.
#[tokio::test]
async fn short_lived_peer_bytes_are_exported() {
    let (page, _recording) = Page::open();
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let hour = Duration::from_secs(3600);
    let exporting = tokio::spawn(MetricsExport::new(pull.handle(), "brief", hour).run());
    page.shows(r#"zeromq_bytes_received_total{socket="brief"}"#, 0.0).await;
    for _ in 0..3 {
        let mut push = PushSocket::new();
        push.connect(&endpoint).unwrap();
        push.send("hello").await.unwrap();
        within("a message", pull.recv()).await.unwrap();
        push.close().await;
        within("it to leave", async {
            while !pull.stats().peers.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    pull.close().await; // the last sample
    within("the export to end", exporting).await.unwrap();
    let bytes = page.value(r#"zeromq_bytes_received_total{socket="brief"}"#);
    assert_eq!(bytes, Some(21.0));
}

#[tokio::test]
async fn peer_series_are_opt_in() {
    let (page, _recording) = Page::open();
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    export(pull.handle(), "plain");
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    push.send("a message").await.unwrap();
    pull.recv().await.unwrap();
    page.shows(r#"zeromq_received_total{socket="plain"}"#, 1.0).await;
    assert!(page.names().iter().all(|name| !name.starts_with("zeromq_peer_")));
}

/// The names of all metrics, from sockets and a layer that do everything once.
async fn exported() -> BTreeSet<String> {
    use zeromq_util::layer::{MetricsLayer, WithLayer};

    let (page, _recording) = Page::open();
    let pull = PullSocket::new();
    let export = MetricsExport::new(pull.handle(), "all", OFTEN).peers(observe::by_endpoint);
    tokio::spawn(export.run());
    let nobody = support::ReservedPort::new();
    pull.connect(nobody.endpoint()).expect("it works");
    let endpoint = pull.bind(ANY_PORT).await.expect("it works");
    drop(tokio::net::TcpStream::connect(support::address(&endpoint)).await.expect("it works"));
    let push = PushSocket::new();
    push.connect(&endpoint).expect("it works");
    let mut push = push.with_layer(MetricsLayer::new("all").round_trips());
    push.send("hello").await.expect("it works"); // it waits for the handshake
    page.shows(r#"zeromq_received_total{socket="all"}"#, 1.0).await;
    page.shows(r#"zeromq_handshakes_failed_total{socket="all",reason="peer_closed"}"#, 1.0).await;
    drop(push);
    page.shows(r#"zeromq_disconnects_total{socket="all",reason="peer_closed"}"#, 1.0).await;
    let failing = async {
        while !page.names().contains("zeromq_connect_failures_total") {
            tokio::time::sleep(OFTEN).await;
        }
    };
    within("a failure to connect", failing).await;
    let mut names = page.names();
    // It would take a process without descriptors, a full queue, and a reply.
    names.insert("zeromq_accept_failures_total".into());
    names.insert("zeromq_layer_send_wait_seconds".into());
    names.insert("zeromq_layer_round_trip_seconds".into());
    names
}

#[tokio::test]
async fn documentation_lists_each_metric() {
    let text = include_str!("../../../docs/observability.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `zeromq_"));
    let rows = rows.filter(|row| !row.starts_with("async"));
    let documented: BTreeSet<_> =
        rows.map(|row| format!("zeromq_{}", row.split('`').next().unwrap())).collect();
    let exported = exported().await;
    assert_eq!(documented, exported);
}

#[tokio::test]
async fn dashboard_queries_only_existing_metrics() {
    let dashboard: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/grafana-dashboard.json")).unwrap();
    let mut queries = Vec::new();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        queries.extend(targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    queries.extend(variables.filter_map(|variable| Some(variable["query"].as_str()?.to_owned())));
    let exported = exported().await;
    let mut asked = BTreeSet::new();
    for query in &queries {
        let words = query.split(|c: char| !c.is_alphanumeric() && c != '_');
        let metrics: Vec<_> = words.filter(|word| word.starts_with("zeromq_")).collect();
        assert!(!metrics.is_empty() || !query.contains('('), "{query} asks for nothing of ours");
        for metric in metrics {
            let name = metric.strip_suffix("_bucket").unwrap_or(metric);
            assert!(exported.contains(name), "{name} is not exported: {query}");
            asked.insert(name.to_owned());
        }
    }
    let of_sockets = exported.iter().filter(|name| !name.starts_with("zeromq_layer_"));
    let unseen: Vec<_> = of_sockets.filter(|name| !asked.contains(*name)).collect();
    assert!(unseen.is_empty(), "the dashboard shows nothing of {unseen:?}");
}
