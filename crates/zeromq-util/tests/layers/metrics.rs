//! What the layer counts and times.

use std::time::Duration;

use futures_util::FutureExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::advance;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::MetricsLayer;

use crate::mock::{Ask, Failure, wrapped};

#[track_caller]
fn shows(page: &PrometheusHandle, line: &str) {
    let page = page.render();
    assert!(page.lines().any(|shown| shown == line), "{line} in\n{page}");
}

#[test]
fn metrics_count_both_directions() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let shows = |line| shows(&page, line);
    let (mut socket, remote) = wrapped(MetricsLayer::new("orders").round_trips());

    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    shows(r#"zeromq_layer_send_wait_seconds_count{layer="orders"} 1"#);
    socket.start_send(Message::multipart(["four", "five5"])).unwrap();
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("x").unwrap();
    shows(r#"zeromq_layer_send_wait_seconds_count{layer="orders"} 1"#); // it did not wait
    shows(r#"zeromq_layer_messages_total{layer="orders",direction="sent"} 2"#);
    shows(r#"zeromq_layer_bytes_total{layer="orders",direction="sent"} 10"#);
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());

    assert_pending!(socket.poll_next());
    remote.deliver("three");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("three"))));
    remote.deliver("unasked");
    assert_ready!(socket.poll_next());
    shows(r#"zeromq_layer_messages_total{layer="orders",direction="received"} 2"#);
    shows(r#"zeromq_layer_bytes_total{layer="orders",direction="received"} 12"#);
    shows(r#"zeromq_layer_round_trip_seconds_count{layer="orders"} 1"#);

    remote.fail_receiving("receiving");
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(Failure::Of("receiving"))));
    remote.fail_sending("sending");
    assert_eq!(assert_ready!(socket.poll_ready()), Err(Failure::Of("sending")));
    shows(r#"zeromq_layer_errors_total{layer="orders",direction="received"} 1"#);
    shows(r#"zeromq_layer_errors_total{layer="orders",direction="sent"} 1"#);
}

#[tokio::test(start_paused = true)]
async fn dropped_send_does_not_affect_next_wait() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let shows = |line| shows(&page, line);
    let (mut socket, remote) = wrapped(MetricsLayer::new("orders"));
    assert!(socket.send("given up").now_or_never().is_none());
    advance(Duration::from_secs(60)).await;
    let mut sending = spawn(socket.send("waits for two seconds"));
    assert_pending!(sending.poll());
    advance(Duration::from_secs(1)).await;
    assert_pending!(sending.poll());
    advance(Duration::from_secs(1)).await;
    remote.make_room(1);
    assert_ready_ok!(sending.poll());
    drop(sending);
    shows(r#"zeromq_layer_send_wait_seconds_sum{layer="orders"} 2"#);

    assert!(socket.send("given up").now_or_never().is_none());
    remote.make_room(1);
    socket.send("finds room at once").now_or_never().unwrap().unwrap();
    shows(r#"zeromq_layer_send_wait_seconds_count{layer="orders"} 1"#);
}

#[test]
fn round_trips_are_timed_only_on_request() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let (mut socket, remote) = wrapped(MetricsLayer::new("jobs"));
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("out").unwrap();
    remote.deliver("in");
    assert_ready!(socket.poll_next());
    assert!(page.render().contains(r#"direction="received"} 1"#));
    assert!(!page.render().contains("round_trip"));
}
