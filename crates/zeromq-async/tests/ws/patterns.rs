//! Every pattern, with each side bound, and messages of all sizes.

use support::within;
use zeromq_async::{
    DealerSocket, Frame, Message, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket,
    ReqSocket, RouterSocket, SubSocket, XPubSocket, XSubSocket,
};

use crate::WS;

/// Messages of every kind of header, and one of many frames.
fn messages() -> Vec<Message> {
    let sizes = [0, 1, 124, 125, 126, 254, 255, 256, 65_534, 65_535, 65_536, 1 << 20];
    let body = |size: usize| Frame::from(vec![u8::try_from(size % 251).unwrap() | 2; size]);
    let mut messages: Vec<Message> = sizes.into_iter().map(|size| body(size).into()).collect();
    messages.push((0..1000).map(body).collect());
    messages
}

/// Connects two sockets, each of them bound in turn, and runs `$script` on them.
macro_rules! pair {
    ($one:expr, $other:expr, |$first:ident, $second:ident| $script:expr) => {
        for first_binds in [true, false] {
            let (mut $first, mut $second) = ($one, $other);
            if first_binds {
                let endpoint = $first.bind(WS).await.unwrap();
                $second.connect(endpoint).unwrap();
            } else {
                let endpoint = $second.bind("ws://127.0.0.1:*/a/path").await.unwrap();
                $first.connect(endpoint).unwrap();
            }
            within("the script", $script).await;
        }
    };
}

#[tokio::test]
async fn push_to_pull() {
    pair!(PushSocket::new(), PullSocket::new(), |push, pull| async {
        for message in messages() {
            push.send(message.clone()).await.unwrap();
            assert!(pull.recv().await.unwrap() == message);
        }
    });
}

#[tokio::test]
async fn pair_to_pair() {
    pair!(PairSocket::new(), PairSocket::new(), |one, other| async {
        for message in messages() {
            one.send(message.clone()).await.unwrap();
            assert!(other.recv().await.unwrap() == message);
            other.send(message.clone()).await.unwrap();
            assert!(one.recv().await.unwrap() == message);
        }
    });
}

#[tokio::test]
async fn req_to_rep() {
    pair!(ReqSocket::new(), RepSocket::new(), |req, rep| async {
        for message in messages() {
            req.send(message.clone()).await.unwrap();
            assert!(rep.recv().await.unwrap() == message);
            rep.send(message.clone()).await.unwrap();
            assert!(req.recv().await.unwrap() == message);
        }
    });
}

#[tokio::test]
async fn dealer_to_router() {
    let dealer = || DealerSocket::builder().routing_id("me").unwrap().build();
    pair!(dealer(), RouterSocket::new(), |dealer, router| async {
        for message in messages() {
            dealer.send(message.clone()).await.unwrap();
            let request = router.recv().await.unwrap();
            assert_eq!(request.frames()[0], "me");
            assert!(request.frames()[1..] == *message.frames());
            router.send(request).await.unwrap();
            assert!(dealer.recv().await.unwrap() == message);
        }
    });
}

#[tokio::test]
async fn pub_to_sub() {
    let subscriber = || SubSocket::builder().subscribe("").build();
    pair!(PubSocket::new(), subscriber(), |publisher, subscriber| async {
        publisher.wait_for_subscribers("", 1).await;
        for message in messages() {
            publisher.send(message.clone()).await.unwrap();
            assert!(subscriber.recv().await.unwrap() == message);
        }
    });
}

#[tokio::test]
async fn xpub_to_xsub() {
    pair!(XPubSocket::new(), XSubSocket::new(), |xpub, xsub| async {
        for topic in ["\x01a", "\x01b", "\0a"] {
            xsub.send(topic).await.unwrap();
            assert_eq!(xpub.recv().await.unwrap(), topic);
        }
        xsub.send("\x02upstream").await.unwrap();
        assert_eq!(xpub.recv().await.unwrap(), "\x02upstream");
        for topic in ["a1", "b1"] {
            xpub.send(topic).await.unwrap();
        }
        assert_eq!(xsub.recv().await.unwrap(), "b1");
    });
}

#[tokio::test]
async fn many_small_messages_stay_in_order() {
    pair!(PushSocket::new(), PullSocket::new(), |push, pull| async {
        let sending = async {
            for number in 0..100_000_u32 {
                push.send(number.to_be_bytes()).await.unwrap();
            }
        };
        let receiving = async {
            for number in 0..100_000_u32 {
                assert_eq!(pull.recv().await.unwrap(), &number.to_be_bytes());
            }
        };
        tokio::join!(sending, receiving);
    });
}
