//! Typed sockets: values in, values out, and what happens to messages that are none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt, stream};
use tokio::time::timeout;
use zeromq_async::{
    DealerSocket, Frame, Message, PullSocket, PushSocket, RecvError, RepSocket, ReqSocket,
    RouterSocket, SendErrorKind, SocketType, SubSocket, XPubSocket,
};
use zeromq_util::layer::{DeduplicateLayer, RateLimitLayer, WithLayer};
use zeromq_util::typed::{
    BoxError, Decode, DecodeError, Encode, EncodeError, Frames, Raw, Route, Routed, Routing, Typed,
    TypedExt, TypedRecvError, TypedSendError, Utf8,
};

/// A PUSH and a PULL that are connected.
async fn pipeline() -> (PushSocket, PullSocket) {
    let (push, pull) = (PushSocket::new(), PullSocket::new());
    let endpoint = pull.bind("tcp://127.0.0.1:0").await.expect("a free port");
    push.connect(endpoint).expect("it connects");
    (push, pull)
}

fn undecoded<T: std::fmt::Debug, E: std::fmt::Debug>(
    result: Result<T, TypedRecvError<E>>,
) -> DecodeError {
    match result {
        Err(TypedRecvError::Decode(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn decode_error_carries_message_and_sender() {
    let (mut push, pull) = pipeline().await;
    let mut pull = pull.typed::<String>(Utf8);
    for message in [&b"one"[..], b"\xff\xfe", b"two"] {
        push.send(message).await.unwrap();
    }
    assert_eq!(pull.recv().await.unwrap(), "one");
    let error = undecoded(pull.recv().await);
    assert_eq!(error.message(), &b"\xff\xfe");
    assert_eq!(error.peer().unwrap().info().socket_type(), SocketType::Push);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::str::Utf8Error>());
    let text = error.to_string();
    assert!(text.starts_with("a message of 1 frames and 2 bytes from peer "), "{text}");
    assert!(text.contains("cannot be decoded: invalid utf-8"), "{text}");
    assert_eq!(pull.next().await.unwrap().unwrap(), "two");
}

#[tokio::test]
async fn stream_continues_after_decode_error() {
    let (mut push, pull) = pipeline().await;
    let mut pull = pull.typed::<String>(Utf8);
    for message in [&b"\xff"[..], b"after"] {
        push.send(message).await.unwrap();
    }
    undecoded(pull.next().await.unwrap());
    assert_eq!(pull.next().await.unwrap().unwrap(), "after");
    pull.get_ref().handle().close().await;
    assert!(pull.next().await.is_none());
    assert!(matches!(pull.recv().await, Err(TypedRecvError::Closed)));
}

#[tokio::test]
async fn tuple_values_have_separate_frames() {
    let (push, mut pull) = pipeline().await;
    let mut push = push.typed::<(String, Vec<u8>, Message)>((Utf8, Raw, Raw));
    let value = ("topic".to_owned(), vec![1, 2], Message::multipart(["a", "b"]));
    push.send(&value).await.unwrap();
    let message = pull.recv().await.unwrap();
    assert_eq!(message.frames(), [&b"topic"[..], &[1, 2], b"a", b"b"]);

    push.send(&value).await.unwrap();
    let mut pull = pull.typed::<(String, Vec<u8>, Message)>((Utf8, Raw, Raw));
    assert_eq!(pull.recv().await.unwrap(), value);
}

#[tokio::test]
async fn wrong_frame_count_is_an_error() {
    let (mut push, pull) = pipeline().await;
    let mut pull = pull.typed::<(String, String)>((Utf8, Utf8));
    push.send("one").await.unwrap();
    push.send(Message::multipart(["one", "two", "three", "four"])).await.unwrap();
    let few = undecoded(pull.recv().await).to_string();
    assert!(few.ends_with("the message has no frame 2: it ends too early"), "{few}");
    let many = undecoded(pull.recv().await);
    assert!(many.to_string().ends_with("the message has 2 frames more than the value"), "{many}");
    assert_eq!(many.into_message().frame_count(), 4);
}

#[tokio::test]
async fn subscription_matches_first_tuple_value() {
    let mut publisher = XPubSocket::new();
    let subscriber = SubSocket::builder().subscribe("oslo").build();
    subscriber.connect(publisher.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    publisher.recv().await.unwrap();
    let mut publisher = publisher.typed::<(&str, &str)>((Utf8, Utf8));
    let mut subscriber = subscriber.typed::<(String, String)>((Utf8, Utf8));
    publisher.send(&("lima", "19")).await.unwrap();
    publisher.send(&("oslo", "-4")).await.unwrap();
    assert_eq!(subscriber.recv().await.unwrap(), ("oslo".to_owned(), "-4".to_owned()));
}

#[tokio::test]
async fn router_replies_along_the_route() {
    let router = RouterSocket::new();
    let endpoint = router.bind("tcp://127.0.0.1:0").await.unwrap();
    let mut router =
        router.typed_both::<Routed<String>, Routed<String>>(Routing::of_requests(Utf8));
    let mut clients = Vec::new();
    for name in ["ann", "bob"] {
        let client = ReqSocket::builder().routing_id(name).unwrap().build();
        client.connect(&endpoint).unwrap();
        let mut client = client.typed::<String>(Utf8);
        client.send(&name.to_owned()).await.unwrap();
        clients.push((name, client));
    }
    let (one, other) = (router.recv().await.unwrap(), router.recv().await.unwrap());
    assert_eq!(one.route.routing_id(), one.value.as_bytes());
    assert_eq!(one.route.frames().len(), 2);
    for request in [other, one] {
        router.send(&request.map(|name| format!("hello, {name}"))).await.unwrap();
    }
    for (name, mut client) in clients {
        assert_eq!(client.recv().await.unwrap(), format!("hello, {name}"));
    }
}

#[tokio::test]
async fn multi_hop_envelope_is_returned() {
    let mut router = RouterSocket::new();
    let mut dealer = DealerSocket::builder().routing_id("hop-2").unwrap().build();
    dealer.connect(router.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let envelope = ["hop-1", "", "question"];
    dealer.send(Message::multipart(envelope)).await.unwrap();

    let received = router.recv().await.unwrap();
    assert_eq!(received, Message::multipart(["hop-2", "hop-1", "", "question"]));
    dealer.send(Message::multipart(envelope)).await.unwrap();
    let mut router = router.typed::<Routed<String>>(Routing::of_requests(Utf8));
    let request = router.recv().await.unwrap();
    assert_eq!(request.value, "question");
    router.send(&request.reply("answer".to_owned())).await.unwrap();
    assert_eq!(dealer.recv().await.unwrap(), Message::multipart(["hop-1", "", "answer"]));
}

#[tokio::test]
async fn router_talks_to_dealers_without_delimiter() {
    let (dealer, router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let mut dealer = dealer.typed::<String>(Utf8);
    let mut router = router.typed::<Routed<String>>(Routing::of_peers(Utf8));
    dealer.send(&"ping".to_owned()).await.unwrap();
    let request = router.recv().await.unwrap();
    router.send(&request.reply("pong".to_owned())).await.unwrap();
    assert_eq!(dealer.recv().await.unwrap(), "pong");
}

#[tokio::test]
async fn manual_route_gets_a_delimiter() {
    let codec = Routing::of_requests(Utf8);
    let reply = Routed { route: Route::to("ann"), value: "hello" };
    let message = codec.encode(&reply).unwrap();
    assert_eq!(message, Message::multipart(["ann", "", "hello"]));
    let back: Routed<String> = codec.decode(&mut Frames::of(&message)).unwrap();
    assert_eq!((back.route.frames().len(), back.value), (2, "hello".to_owned()));
}

#[tokio::test]
async fn endless_envelope_error_keeps_the_message() {
    let (mut dealer, router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let mut router = router.typed::<Routed<String>>(Routing::of_requests(Utf8));
    dealer.send("no delimiter").await.unwrap();
    let error = undecoded(router.recv().await);
    assert!(error.to_string().contains("no empty frame ends the envelope"), "{error}");
    assert_eq!(error.message().last().unwrap(), "no delimiter");
}

#[tokio::test]
async fn rep_can_answer_undecodable_request() {
    let (mut req, rep) = (ReqSocket::new(), RepSocket::new());
    req.connect(rep.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let mut rep = rep.typed::<String>(Utf8);
    req.send(b"\xff").await.unwrap();
    undecoded(rep.recv().await);
    rep.send(&"that was no text".to_owned()).await.unwrap();
    assert_eq!(req.recv().await.unwrap(), "that was no text");
}

/// A codec that refuses what is negative.
#[derive(Clone)]
struct Natural;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0} is negative")]
struct Negative(i8);

impl Encode<i8> for Natural {
    fn encode(&self, value: &i8) -> Result<Message, BoxError> {
        let byte = u8::try_from(*value).map_err(|_| Negative(*value))?;
        Ok([byte].into())
    }
}

impl Decode<i8> for Natural {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<i8, BoxError> {
        let bytes = <[u8; 1]>::try_from(frames.take()?.as_slice())?;
        Ok(bytes[0].try_into()?)
    }
}

#[tokio::test]
async fn unencodable_value_is_not_sent() {
    let (push, pull) = pipeline().await;
    let (mut push, mut pull) = (push.typed::<i8>(Natural), pull.typed::<i8>(Natural));
    let error: EncodeError = match push.send(&-1).await {
        Err(TypedSendError::Encode(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.to_string(), "the value cannot be encoded: -1 is negative");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref(), Some(&Negative(-1)));
    assert!(matches!(push.feed(-2).await, Err(TypedSendError::Encode(_))));
    push.send(&3).await.unwrap();
    assert_eq!(pull.recv().await.unwrap(), 3); // and not -1
}

#[tokio::test]
async fn socket_errors_pass_through_typed() {
    let mut rep = RepSocket::new().typed::<String>(Utf8);
    match rep.send(&"nobody asked".to_owned()).await {
        Err(TypedSendError::Socket(error)) => {
            assert_eq!(error.kind(), &SendErrorKind::OutOfTurn);
        }
        other => panic!("{other:?}"),
    }
    let mut req = ReqSocket::new().typed::<String>(Utf8);
    match req.recv().await {
        Err(TypedRecvError::Socket(error)) => assert_eq!(error, RecvError::OutOfTurn),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn dropped_recv_loses_no_value() {
    let (push, pull) = pipeline().await;
    let (mut push, mut pull) = (push.typed::<i8>(Natural), pull.typed::<i8>(Natural));
    for value in 0..100 {
        tokio::select! {
            biased;
            value = pull.recv() => panic!("{value:?} was not sent yet"),
            sent = push.send(&value) => sent.unwrap(),
        }
        assert_eq!(pull.recv().await.unwrap(), value);
    }
}

#[tokio::test]
async fn dropped_send_sends_no_value() {
    let push = PushSocket::builder().send_high_water_mark(1).build();
    push.connect("inproc://typed-dropped-send").unwrap();
    let mut push = push.typed::<i8>(Natural);
    push.send(&1).await.unwrap();
    assert!(timeout(Duration::ZERO, push.send(&2)).await.is_err(), "there is room for one");
    let pull = PullSocket::new();
    pull.bind("inproc://typed-dropped-send").await.unwrap();
    let mut pull = pull.typed::<i8>(Natural);
    assert_eq!(pull.recv().await.unwrap(), 1);
    push.send(&3).await.unwrap();
    assert_eq!(pull.recv().await.unwrap(), 3);
}

#[tokio::test]
async fn typed_sockets_are_streams_and_sinks() {
    let (push, pull) = pipeline().await;
    let (push, pull) = (push.typed::<i8>(Natural), pull.typed::<i8>(Natural));
    let sending = stream::iter(0..100).map(Ok).forward(push);
    let receiving = pull.take(100).map(Result::unwrap).collect::<Vec<_>>();
    let (sent, received) = tokio::join!(sending, receiving);
    sent.unwrap();
    assert_eq!(received, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn halves_stay_typed_after_split() {
    let (one, other) = (DealerSocket::new(), DealerSocket::new());
    one.connect(other.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let (mut sender, mut receiver) = one.typed::<i8>(Natural).split();
    let mut second = sender.clone();
    sender.send(&1).await.unwrap();
    second.send(&2).await.unwrap();
    let mut other = other.typed::<i8>(Natural);
    assert_eq!((other.recv().await.unwrap(), other.recv().await.unwrap()), (1, 2));
    other.get_mut().send("two bytes at least").await.unwrap();
    assert!(undecoded(receiver.recv().await).peer().is_some());
    other.send(&3).await.unwrap();
    let (value, peer) = receiver.recv_from().await.unwrap();
    assert_eq!((value, peer.unwrap().info().socket_type()), (3, SocketType::Dealer));
}

#[tokio::test]
async fn typed_layers_keep_the_sender() {
    let (mut push, pull) = pipeline().await;
    let layers = pull
        .with_layer(RateLimitLayer::new())
        .with_layer(DeduplicateLayer::new(10, |message: &Message| message.first().cloned()));
    let mut pull = layers.typed::<String>(Utf8);
    for message in [&b"\xff\xfe"[..], b"\xff\xfe", b"text"] {
        push.send(message).await.unwrap();
    }
    assert!(undecoded(pull.recv().await).peer().is_some());
    let (text, peer) = pull.recv_from().await.unwrap();
    assert_eq!((&text[..], peer.unwrap().info().socket_type()), ("text", SocketType::Push));
}

#[tokio::test]
async fn any_message_stream_can_be_typed() {
    let (mut push, pull) = pipeline().await;
    push.send(Frame::from("23")).await.unwrap();
    push.send("7").await.unwrap();
    let numbers =
        pull.map(|message| message.map(|message| Message::from(&message.first().unwrap()[..1])));
    let mut numbers: Typed<_, _, String> = Typed::new(numbers, Utf8);
    assert_eq!(numbers.recv_from().await.unwrap(), ("2".to_owned(), None));
    assert_eq!(numbers.recv().await.unwrap(), "7");
}

#[tokio::test]
async fn typed_wraps_what_is_not_unpin() {
    let (push, pull) = pipeline().await;
    let messages =
        futures_util::stream::unfold(
            pull,
            |mut pull| async move { Some((pull.recv().await, pull)) },
        );
    let sink = futures_util::sink::unfold(push, |mut push, message: Message| async move {
        push.send(message).await?;
        Ok::<_, zeromq_async::SendError>(push)
    });
    let mut sink = std::pin::pin!(Typed::<_, _, String>::new(sink, Utf8));
    let mut values = std::pin::pin!(Typed::<_, _, String>::new(messages, Utf8));
    futures_util::SinkExt::send(&mut sink, "hello".to_owned()).await.unwrap();
    assert_eq!(values.next().await.unwrap().unwrap(), "hello");
}

/// Every serde codec: the same tests, each in a module of its name.
#[cfg(any(feature = "cbor", feature = "json", feature = "msgpack", feature = "postcard"))]
mod formats {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
    struct Order {
        id: u64,
        price: f64,
        note: Option<String>,
        lines: Vec<(u16, String)>,
        state: State,
        labels: BTreeMap<String, i32>,
    }

    #[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
    enum State {
        New,
        Paid { by: String, cents: i64 },
        Shipped(u8, bool),
    }

    fn orders() -> Vec<Order> {
        let states =
            [State::New, State::Paid { by: "ann".into(), cents: -1 }, State::Shipped(7, true)];
        let orders = (0u8..).zip(states).map(|(index, state)| Order {
            id: u64::MAX - u64::from(index),
            price: 0.1 + f64::from(index),
            note: (index > 0).then(|| "ü".repeat(usize::from(index) * 100)),
            lines: (0..u16::from(index)).map(|line| (line, line.to_string())).collect(),
            state,
            labels: [("a".to_owned(), i32::MIN), (String::new(), index.into())].into(),
        });
        orders.collect()
    }

    /// A type that can be nested without end.
    #[derive(Serialize, Deserialize, Debug)]
    struct Nested(Vec<Nested>);

    macro_rules! each {
        ($($name:ident $feature:literal $Codec:ident;)*) => {$(
            #[cfg(feature = $feature)]
            mod $name {
                use zeromq_util::typed::$Codec;

                use super::*;

                #[tokio::test]
                async fn values_round_trip_through_codec() {
                    let (push, pull) = pipeline().await;
                    let mut push = push.typed::<Order>($Codec);
                    let mut pull = pull.typed::<Order>($Codec);
                    for order in orders() {
                        push.send(&order).await.unwrap();
                        assert_eq!(pull.recv().await.unwrap(), order);
                    }
                }

                #[tokio::test]
                async fn damaged_bytes_are_decode_errors() {
                    let (mut push, pull) = pipeline().await;
                    let mut pull = pull.typed::<Order>($Codec);
                    let order = orders().remove(1);
                    let whole = $Codec.encode(&order).unwrap().first().unwrap().to_vec();
                    let cut = whole[..whole.len() - 1].to_vec();
                    let longer = [&whole[..], &[1]].concat();
                    for broken in [Vec::new(), cut, longer, vec![0xff; 40]] {
                        push.send(broken.clone()).await.unwrap();
                        let error = undecoded(pull.recv().await);
                        assert_eq!(error.message().first().unwrap(), &broken[..]);
                    }
                    push.send(whole).await.unwrap();
                    assert_eq!(pull.recv().await.unwrap(), order);
                }

                #[tokio::test]
                async fn codec_tuple_makes_a_frame_per_value() {
                    let pair = ("topic".to_owned(), 1u8);
                    assert_eq!($Codec.encode(&pair).unwrap().frame_count(), 1);
                    let message = (Utf8, $Codec).encode(&pair).unwrap();
                    assert_eq!(message.frame_count(), 2);
                    let back: (String, u8) =
                        (Utf8, $Codec).decode(&mut Frames::of(&message)).unwrap();
                    assert_eq!(back, pair);
                }
            }
        )*};
    }

    each! {
        json "json" Json;
        msgpack "msgpack" MsgPack;
        postcard "postcard" Postcard;
        cbor "cbor" Cbor;
    }

    /// A peer that nests without end ends neither the stream nor the process.
    macro_rules! nesting {
        ($($name:ident $feature:literal $Codec:ident $byte:expr;)*) => {$(
            #[cfg(feature = $feature)]
            #[tokio::test]
            async fn $name() {
                let (mut push, pull) = pipeline().await;
                let mut pull = pull.typed::<Nested>(zeromq_util::typed::$Codec);
                push.send(vec![$byte; 1_000_000]).await.unwrap();
                assert_eq!(undecoded(pull.recv().await).message().size(), 1_000_000);
            }
        )*};
    }

    nesting! {
        json_nested_without_end_is_an_error "json" Json b'[';
        msgpack_nested_without_end_is_an_error "msgpack" MsgPack 0x91;
        cbor_nested_without_end_is_an_error "cbor" Cbor 0x81;
    }
}

/// To decode takes time that the socket knows nothing of.
#[tokio::test]
async fn decoding_yields() {
    let large = || Ok::<_, RecvError>(Message::from("a".repeat(4 << 20)));
    let stream = stream::iter([large(), large()]);
    let mut lines: Typed<_, _, String> = Typed::new(stream, Utf8);
    assert!(lines.recv().now_or_never().expect("the first").is_ok());
    assert!(lines.recv().now_or_never().is_none(), "the second came without a pause");
    assert!(lines.recv().await.is_ok());
}

/// A buffer that says, by a count, whether it is still there.
struct Counted {
    bytes: Vec<u8>,
    _count: Arc<()>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Who keeps the routes of clients keeps nothing of what they sent.
#[tokio::test]
async fn a_route_keeps_no_message_alive() {
    let alive = Arc::new(());
    let buffer = Counted { bytes: vec![b'a'; 1 << 20], _count: alive.clone() };
    let buffer = Bytes::from_owner(buffer);
    let message = Message::from(vec![
        Frame::from(buffer.slice(..200)),
        Frame::new(),
        Frame::from(buffer.slice(200..)),
    ]);
    drop(buffer);
    let stream = stream::iter([Ok::<_, RecvError>(message)]);
    let mut requests: Typed<_, _, Routed<String>> = Typed::new(stream, Routing::of_requests(Utf8));
    let Routed { route, value } = requests.recv().await.expect("a request");
    assert_eq!((route.routing_id().len(), value.len()), (200, (1 << 20) - 200));
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Values over a socket of one-frame messages, from several tasks.
#[tokio::test]
async fn one_frame_sockets_send_values() {
    use zeromq_async::{GatherSocket, ScatterSocket};
    use zeromq_util::layer::{OneFrameLayer, WithLayer};

    let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
    scatter.connect(gather.bind("tcp://127.0.0.1:*").await.unwrap()).unwrap();
    let mut gather = gather.with_layer(OneFrameLayer).typed::<String>(Utf8);
    for text in ["one", "two"] {
        let mut scatter = scatter.clone().with_layer(OneFrameLayer).typed::<String>(Utf8);
        scatter.send(&text.to_owned()).await.unwrap();
        assert_eq!(gather.recv().await.unwrap(), text);
    }
}
