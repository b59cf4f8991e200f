//! Layers and typed values around sockets of one-frame messages.

use support::{ANY_PORT, within};
use zeromq_async::{
    ClientSocket, GatherSocket, Message, ScatterSocket, SendErrorKind, ServerSocket,
};
use zeromq_util::layer::{
    DeduplicateLayer, OneFrameError, OneFrameLayer, RecvExt, SendExt, WithLayer,
};

#[tokio::test]
async fn layers_go_around_one_frame_sockets() {
    let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
    scatter.connect(gather.bind(ANY_PORT).await.unwrap()).unwrap();
    let mut scatter = scatter.with_layer(OneFrameLayer);
    let same = |message: &Message| message.first().cloned();
    let mut gather = gather.with_layer(OneFrameLayer).with_layer(DeduplicateLayer::new(10, same));
    for text in ["one", "one", "two"] {
        SendExt::send(&mut scatter, text).await.unwrap();
    }
    for text in ["one", "two"] {
        assert_eq!(within("a message", gather.recv()).await.unwrap(), text);
    }
}

/// A message of several frames is an error, and the next one is sent.
#[tokio::test]
async fn one_frame_layer_refuses_multipart() {
    let (client, server) = (ClientSocket::new(), ServerSocket::new());
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    let mut client = client.with_layer(OneFrameLayer);
    let two = Message::multipart(["two", "frames"]);
    let error = SendExt::send(&mut client, two.clone()).await.unwrap_err();
    assert!(matches!(&error, OneFrameError::Multipart(message) if *message == two), "{error}");
    SendExt::send(&mut client, "one").await.unwrap();
    let (from, frame) = within("a request", server.recv()).await.unwrap();
    assert_eq!(frame, "one");
    server.send_to(from, "reply").await.unwrap();
    assert_eq!(within("a reply", client.recv()).await.unwrap(), "reply");
    client.get_ref().clone().close().await;
    let error = SendExt::send(&mut client, "late").await.unwrap_err();
    assert!(
        matches!(&error, OneFrameError::Inner(error) if *error.kind() == SendErrorKind::Closed),
        "{error}"
    );
}
