//! Clones in many tasks at once: nothing is lost, repeated, or left waiting.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{ANY_PORT, is_pending, within};
use tokio::task::JoinSet;
use zeromq_async::{
    ChannelSocket, ClientSocket, Endpoint, Frame, GatherSocket, RecvError, ScatterSocket,
    ServerSocket,
};

const SENDERS: u32 = 64;
const MESSAGES: u32 = 100;
const RECEIVERS: usize = 4;

/// An endpoint of each transport.
fn places() -> [String; 3] {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("inproc://many-tasks-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    [ANY_PORT.into(), "ipc://*".into(), name]
}

fn frame(sender: u32, message: u32) -> Frame {
    let mut bytes = sender.to_be_bytes().to_vec();
    bytes.extend(message.to_be_bytes());
    Frame::from(bytes)
}

/// All messages that the senders send.
fn all() -> BTreeSet<Frame> {
    (0..SENDERS)
        .flat_map(|sender| (0..MESSAGES).map(move |message| frame(sender, message)))
        .collect()
}

fn count() -> usize {
    (SENDERS * MESSAGES) as usize
}

/// Collects what the tasks received. Panics if a message was received twice.
async fn collect(mut receivers: JoinSet<Vec<Frame>>) -> BTreeSet<Frame> {
    let mut received = BTreeSet::new();
    while let Some(frames) = receivers.join_next().await {
        for frame in frames.unwrap() {
            assert!(received.insert(frame.clone()), "received twice: {frame:?}");
        }
    }
    received
}

async fn client_and_server(place: &str) -> (ClientSocket, ServerSocket) {
    let client = ClientSocket::builder().send_high_water_mark(4).build();
    let server = ServerSocket::builder().receive_high_water_mark(4).build();
    let endpoint: Endpoint = server.bind(place).await.unwrap();
    client.connect(endpoint).unwrap();
    (client, server)
}

fn spawn_senders(client: &ClientSocket, senders: &mut JoinSet<()>) {
    for sender in 0..SENDERS {
        let client = client.clone();
        senders.spawn(async move {
            for message in 0..MESSAGES {
                client.send(frame(sender, message)).await.unwrap();
            }
        });
    }
}

async fn senders_and_receivers_of(place: &str) {
    let (client, server) = client_and_server(place).await;
    let (mut senders, mut receivers) = (JoinSet::new(), JoinSet::new());
    spawn_senders(&client, &mut senders);
    let left = std::sync::Arc::new(AtomicUsize::new(count()));
    for _ in 0..RECEIVERS {
        let (server, left) = (server.clone(), left.clone());
        receivers.spawn(async move {
            let mut received = Vec::new();
            while let Ok((_, frame)) = server.recv().await {
                received.push(frame);
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    server.handle().close().await;
                }
            }
            received
        });
    }
    let received = within("all messages", collect(receivers)).await;
    assert_eq!(received.len(), count());
    assert_eq!(received, all());
    senders.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_and_receivers_lose_nothing() {
    for place in places() {
        senders_and_receivers_of(&place).await;
    }
}

#[tokio::test]
async fn many_tasks_of_one_thread_lose_nothing() {
    for place in places() {
        senders_and_receivers_of(&place).await;
    }
}

/// All tasks share one reference to each socket.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_reference_serves_many_tasks() {
    for place in places() {
        let (client, server) = client_and_server(&place).await;
        let sending = (0..SENDERS).map(|sender| {
            let client = &client;
            async move {
                for message in 0..MESSAGES {
                    client.send(frame(sender, message)).await.unwrap();
                }
            }
        });
        let receiving = (0..RECEIVERS).map(|_| async {
            let mut received = Vec::new();
            for _ in 0..count() / RECEIVERS {
                received.push(server.recv().await.unwrap().1);
            }
            received
        });
        let (_, received) = within("all messages", async {
            tokio::join!(
                futures_util::future::join_all(sending),
                futures_util::future::join_all(receiving)
            )
        })
        .await;
        let received: BTreeSet<_> = received.into_iter().flatten().collect();
        assert_eq!(received, all());
    }
}

/// Half of the receivers drop their future whenever it is pending, half of them when it is woken too.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelled_receives_lose_nothing() {
    for place in places() {
        let (client, server) = client_and_server(&place).await;
        let (mut senders, mut receivers) = (JoinSet::new(), JoinSet::new());
        spawn_senders(&client, &mut senders);
        let left = std::sync::Arc::new(AtomicUsize::new(count()));
        for number in 0..RECEIVERS {
            let (server, left) = (server.clone(), left.clone());
            receivers.spawn(async move {
                let mut received = Vec::new();
                loop {
                    let next = tokio::select! {
                        biased;
                        next = server.recv() => next,
                        () = tokio::task::yield_now(), if number % 2 == 0 => continue,
                    };
                    let Ok((_, frame)) = next else { break received };
                    received.push(frame);
                    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                        server.handle().close().await;
                    }
                }
            });
        }
        let received = within("all messages", collect(receivers)).await;
        assert_eq!(received, all());
        senders.join_all().await;
    }
}

/// A send that is dropped while it waits sends nothing, and the others go on.
#[tokio::test]
async fn cancelled_sends_send_nothing() {
    let scatter = ScatterSocket::builder().send_high_water_mark(1).build();
    scatter.connect("inproc://cancelled-sends").unwrap();
    scatter.send("queued").await.unwrap();
    let waiting = scatter.clone();
    let last = tokio::spawn(async move { waiting.send("waits").await });
    for _ in 0..100 {
        assert!(is_pending(scatter.send("never sent")));
    }
    let gather = GatherSocket::builder().receive_high_water_mark(1).build();
    gather.bind("inproc://cancelled-sends").await.unwrap();
    for text in ["queued", "waits"] {
        assert_eq!(within("a message", gather.recv()).await.unwrap(), text);
    }
    within("the other task", last).await.unwrap().unwrap();
    assert_eq!(gather.try_recv().unwrap_err(), RecvError::Empty);
}

/// Requests of many tasks over one CLIENT, answered by many tasks over one SERVER.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_answer_their_clients() {
    for place in places() {
        let server = ServerSocket::builder().send_high_water_mark(2).build();
        let endpoint = server.bind(place.as_str()).await.unwrap();
        let mut workers = JoinSet::new();
        for _ in 0..RECEIVERS {
            let server = server.clone();
            workers.spawn(async move {
                while let Ok((from, frame)) = server.recv().await {
                    server.send_to(from, frame).await.unwrap();
                }
            });
        }
        let mut clients = JoinSet::new();
        for number in 0..16 {
            let endpoint = endpoint.clone();
            clients.spawn(async move {
                let client = ClientSocket::new();
                client.connect(endpoint).unwrap();
                for message in 0..MESSAGES {
                    client.send(frame(number, message)).await.unwrap();
                }
                let mut answers = BTreeSet::new();
                for _ in 0..MESSAGES {
                    answers.insert(client.recv().await.unwrap());
                }
                let asked = (0..MESSAGES).map(|message| frame(number, message)).collect();
                assert_eq!(answers, asked);
                // The next client may get the routing id, and no answer of this one.
                assert_eq!(client.try_recv().unwrap_err(), RecvError::Empty);
            });
        }
        within("all answers", clients.join_all()).await;
        server.close().await;
        within("the workers", workers.join_all()).await;
    }
}

/// One task's messages arrive in the order in which they were sent, while others send too.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_of_one_task_keep_their_order() {
    for place in places() {
        let one = ChannelSocket::builder().send_high_water_mark(3).build();
        let other = ChannelSocket::builder().receive_high_water_mark(3).build();
        one.connect(other.bind(place.as_str()).await.unwrap()).unwrap();
        let mut senders = JoinSet::new();
        for sender in 0..8 {
            let one = one.clone();
            senders.spawn(async move {
                for message in 0..MESSAGES {
                    one.send(frame(sender, message)).await.unwrap();
                }
            });
        }
        let mut next = [0; 8];
        for _ in 0..8 * MESSAGES {
            let received = within("a message", other.recv()).await.unwrap();
            let sender = u32::from_be_bytes(received[..4].try_into().unwrap());
            let expected = &mut next[sender as usize];
            assert_eq!(received, frame(sender, *expected));
            *expected += 1;
        }
        senders.join_all().await;
    }
}

/// Eight senders that always have another message, until each has had room a hundred times.
async fn senders_take_turns(place: &str) {
    let (client, server) = client_and_server(place).await;
    let mut senders = JoinSet::new();
    for sender in 0..8 {
        let client = client.clone();
        senders.spawn(async move {
            let mut message = 0;
            while client.send(frame(sender, message)).await.is_ok() {
                message += 1;
            }
        });
    }
    let mut counts = [0; 8];
    let all_have_room = async {
        while counts.iter().any(|count| *count < 100) {
            let (_, received) = server.recv().await.unwrap();
            counts[usize::from(received[3])] += 1;
        }
    };
    within("each sender to have room", all_have_room).await;
    senders.shutdown().await;
}

#[tokio::test]
async fn no_sender_is_starved_on_one_thread() {
    for place in places() {
        senders_take_turns(&place).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_sender_is_starved_on_many_threads() {
    for place in places() {
        senders_take_turns(&place).await;
    }
}

/// Tasks that receive without pause share the messages of a sender that never stops.
async fn receivers_take_turns(place: &str) {
    let (client, server) = client_and_server(place).await;
    let sending = tokio::spawn(async move { while client.send("again").await.is_ok() {} });
    let counts = std::sync::Arc::new([const { AtomicUsize::new(0) }; RECEIVERS]);
    let mut receivers = JoinSet::new();
    for number in 0..RECEIVERS {
        let (server, counts) = (server.clone(), counts.clone());
        receivers.spawn(async move {
            while server.recv().await.is_ok() {
                counts[number].fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let all_have_received = async {
        while counts.iter().any(|count| count.load(Ordering::Relaxed) < 100) {
            tokio::task::yield_now().await;
        }
    };
    within("each receiver to get messages", all_have_received).await;
    sending.abort();
    receivers.shutdown().await;
}

#[tokio::test]
async fn no_receiver_is_starved_on_one_thread() {
    for place in places() {
        receivers_take_turns(&place).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_receiver_is_starved_on_many_threads() {
    for place in places() {
        receivers_take_turns(&place).await;
    }
}
