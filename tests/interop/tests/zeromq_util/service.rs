//! Tower services over sockets, with libzmq at the other end.

use std::convert::Infallible;

use futures_util::future::try_join_all;
use interop::{TCP, disconnected, frames, libzmq, within};
use libzmq_peer::SocketKind::{self, Dealer, Rep, Req, Router};
use libzmq_peer::{Opt, Peer};
use tower::{Service, ServiceExt, service_fn};
use zeromq_async::{DealerSocket, Message, Rep as OurRep, ReqSocket, Router as OurRouter, Socket};
use zeromq_util::service::{Answers, Client, RequestError, client, serve};

const REQUESTS: usize = 60;

fn bound(kind: SocketKind) -> Peer {
    libzmq(kind, |socket| socket.bind(TCP))
}

/// A client of `servers` with its driver running.
async fn ask_all(servers: &[Peer], socket: impl Into<DealerSocket>) -> Client {
    let (client, driver) = client(socket);
    for server in servers {
        client.handle().connect(server.endpoint()).unwrap();
    }
    tokio::spawn(driver.run());
    client
}

/// Sends all requests at once. Returns whether each received its own body.
async fn ask_and_compare(client: &Client) {
    let bodies: Vec<_> = (0..REQUESTS)
        .map(|number| Message::multipart([number.to_string(), String::new(), "end".to_owned()]))
        .collect();
    let asking = bodies.iter().map(|body| client.clone().oneshot(body.clone()));
    let replies = within("all replies", try_join_all(asking)).await.unwrap();
    assert_eq!(replies, bodies);
}

#[tokio::test]
async fn libzmq_reps_serve_our_client() {
    for as_req in [false, true] {
        let servers: Vec<_> = (0..3).map(|_| bound(Rep)).collect();
        let client = if as_req {
            ask_all(&servers, ReqSocket::new()).await
        } else {
            ask_all(&servers, DealerSocket::new()).await
        };
        let serving: Vec<_> = servers
            .into_iter()
            .map(|server| {
                tokio::spawn(async move {
                    for _ in 0..REQUESTS / 3 {
                        let request = server.recv().await.unwrap();
                        server.send(request).await.unwrap();
                    }
                })
            })
            .collect();
        ask_and_compare(&client).await;
        for server in serving {
            within("each server to have had its share", server).await.unwrap();
        }
    }
}

#[tokio::test]
async fn libzmq_router_may_reply_out_of_order() {
    let router = bound(Router);
    let client = ask_all(std::slice::from_ref(&router), DealerSocket::new()).await;
    let serving = tokio::spawn(async move {
        let mut requests = Vec::new();
        for _ in 0..REQUESTS {
            requests.push(router.recv().await.unwrap());
        }
        while let Some(request) = requests.pop() {
            router.send(request).await.unwrap();
        }
        router
    });
    ask_and_compare(&client).await;
    within("the server", serving).await.unwrap();
}

#[tokio::test]
async fn request_fails_when_libzmq_server_leaves() {
    let rep = bound(Rep);
    let mut client = ask_all(std::slice::from_ref(&rep), DealerSocket::new()).await;
    let mut events = client.handle().events();
    let asking = client.ready().await.unwrap().call("question".into());
    rep.recv().await.unwrap();
    rep.stop().await.unwrap();
    disconnected(&mut events).await;
    let error = within("the request to fail", asking).await.unwrap_err();
    assert!(matches!(error, RequestError::PeerLost { endpoint: Some(_), .. }), "{error}");
}

/// Reverses whole messages, so that the reply differs from the request.
async fn start<P: Answers>() -> String
where
    Socket<P>: Send + 'static,
    zeromq_async::Sender<P>: Send + 'static,
{
    let socket = Socket::<P>::new();
    let endpoint = socket.bind(TCP).await.unwrap();
    let reverse = service_fn(|request: Message| async move {
        Ok::<_, Infallible>(request.into_iter().rev().collect::<Message>())
    });
    tokio::spawn(serve(socket, reverse).run());
    endpoint.to_string()
}

#[tokio::test]
async fn our_services_serve_libzmq_reqs() {
    for endpoint in [start::<OurRouter>().await, start::<OurRep>().await] {
        for strict in [true, false] {
            let endpoint = endpoint.clone();
            let req = libzmq(Req, move |socket| {
                if !strict {
                    socket.set_i32(Opt::REQ_CORRELATE, 1)?;
                    socket.set_i32(Opt::REQ_RELAXED, 1)?;
                }
                socket.connect(&endpoint)
            });
            for _ in 0..3 {
                req.send(["a", "", "b"]).await.unwrap();
                assert_eq!(req.recv().await.unwrap(), [&b"b"[..], b"", b"a"]);
            }
        }
    }
}

#[tokio::test]
async fn our_services_return_any_dealer_envelope() {
    for endpoint in [start::<OurRouter>().await, start::<OurRep>().await] {
        let dealer = libzmq(Dealer, move |socket| socket.connect(&endpoint));
        for number in 0..REQUESTS {
            let number = number.to_string();
            dealer.send(["way", &number, "", "a", &number]).await.unwrap();
        }
        for number in 0..REQUESTS {
            let number = number.to_string();
            let expected = Message::multipart(["way", &number, "", &number, "a"]);
            assert_eq!(dealer.recv().await.unwrap(), frames(&expected));
        }
    }
}
