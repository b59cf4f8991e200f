//! The layers of tower on a client and on a served service.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join_all, pending};
use support::{ANY_PORT, is_pending, within};
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load::{CompleteOnResponse, PendingRequests};
use tower::load_shed::error::Overloaded;
use tower::retry::Policy;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use zeromq_async::{DealerSocket, Endpoint, Message, ReconnectBackoff, RepSocket, RouterSocket};
use zeromq_util::service::{Client, Overload, RequestError, client, serve};

/// A client that is connected to servers, with its driver running.
async fn connect(endpoints: &[&Endpoint]) -> Client {
    let dealer =
        DealerSocket::builder().reconnect(ReconnectBackoff::new(Duration::from_secs(3600))).build();
    for endpoint in endpoints {
        dealer.connect(*endpoint).unwrap();
    }
    let (client, driver) = client(dealer);
    tokio::spawn(driver.run());
    client
}

/// A server that answers everything with its name.
async fn server(name: &'static str) -> Endpoint {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let named = service_fn(move |_: Message| async move { Ok::<_, Infallible>(name.into()) });
    tokio::spawn(serve(router, named).run());
    endpoint
}

/// A server that takes requests and never answers.
async fn silent_server() -> Endpoint {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let silent = service_fn(|_: Message| pending::<Result<Message, Infallible>>());
    tokio::spawn(serve(router, silent).run());
    endpoint
}

/// Sends again what is lost with its peer, or takes too long, three times at most.
#[derive(Clone)]
struct LazyPirate(u32);

impl Policy<Message, Message, BoxError> for LazyPirate {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Message,
        result: &mut Result<Message, BoxError>,
    ) -> Option<Ready<()>> {
        let error = result.as_ref().err()?;
        let lost = error.downcast_ref().is_some_and(RequestError::is_retryable);
        let again = self.0 < 3 && (lost || error.is::<Elapsed>());
        self.0 += 1;
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Message) -> Option<Message> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn timeout_cancels_the_request() {
    let client = connect(&[&silent_server().await]).await;
    let limit = Duration::from_millis(20);
    let mut service = ServiceBuilder::new().timeout(limit).service(client.clone());
    let error = service.ready().await.unwrap().call("anybody?".into()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    let stats = client.stats();
    assert_eq!((stats.given_up, stats.in_flight), (1, 0));
}

#[tokio::test]
async fn retry_moves_on_from_silent_server() {
    let (silent, well) = (silent_server().await, server("well").await);
    let client = connect(&[&silent, &well]).await;
    let mut service = ServiceBuilder::new()
        .retry(LazyPirate(0))
        .timeout(Duration::from_millis(50))
        .service(client.clone());
    for _ in 0..2 {
        let reply = within("a reply", service.ready().await.unwrap().call("who?".into())).await;
        assert_eq!(reply.unwrap(), "well");
    }
    assert!(client.stats().given_up >= 1, "nobody asked the silent one");
}

#[tokio::test]
async fn retry_moves_on_from_lost_server() {
    let mut leaving = RepSocket::new();
    let (left, well) = (leaving.bind(ANY_PORT).await.unwrap(), server("well").await);
    let client = connect(&[&left, &well]).await;
    let service =
        ServiceBuilder::new().retry(LazyPirate(0)).map_err(BoxError::from).service(client.clone());
    let asking = tokio::spawn(service.oneshot("who?".into()));
    within("the request", leaving.recv()).await.unwrap();
    leaving.close().await;
    assert_eq!(within("a reply", asking).await.unwrap().unwrap(), "well");
    assert_eq!(client.stats().lost, 1);
}

#[tokio::test]
async fn concurrency_limit_delays_requests() {
    let client = connect(&[&silent_server().await]).await;
    let mut service = ServiceBuilder::new().concurrency_limit(1).service(client.clone());
    let under_way = service.ready().await.unwrap().call("question".into());
    assert!(is_pending(service.ready()));
    drop(under_way);
    within("room", service.ready()).await.unwrap();
}

/// Idle servers hold no permit, whichever of them are idle.
#[tokio::test]
async fn servers_share_one_concurrency_limit() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let mut clients = Vec::new();
    for name in ["one", "two", "three"] {
        let router = RouterSocket::new();
        let endpoint = router.bind(ANY_PORT).await.unwrap();
        let named = service_fn(move |_: Message| async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Message::from(name))
        });
        tokio::spawn(serve(router, limit.layer(named)).run());
        clients.push((name, connect(&[&endpoint]).await));
    }
    for (name, client) in clients.iter_mut().rev() {
        let reply = within("a reply", client.ready().await.unwrap().call("who?".into())).await;
        assert_eq!(reply.unwrap(), *name);
    }
    // And all at once, time and again.
    for _ in 0..20 {
        let asking = clients.iter().map(|(_, client)| client.clone().oneshot("who?".into()));
        let replies = within("all replies", join_all(asking)).await;
        let names: Vec<_> = replies.into_iter().map(Result::unwrap).collect();
        assert_eq!(names, ["one", "two", "three"]);
    }
}

#[tokio::test]
async fn load_shed_rejects_without_room() {
    let dealer = DealerSocket::builder().send_high_water_mark(1).build();
    let (client, driver) = client(dealer);
    tokio::spawn(driver.run());
    let mut service = ServiceBuilder::new().load_shed().service(client.clone());
    let error = service.ready().await.unwrap().call("question".into()).await.unwrap_err();
    assert!(error.is::<Overloaded>(), "there is no server yet");

    client.handle().connect(server("well").await).unwrap();
    let mut service = ServiceBuilder::new().load_shed().service(client);
    let reply = within("a reply", service.ready().await.unwrap().call("question".into()));
    assert_eq!(reply.await.unwrap(), "well");
}

#[tokio::test]
async fn buffer_shares_one_client_among_tasks() {
    let client = connect(&[&server("well").await]).await;
    let service = Buffer::new(client, 16);
    let asking = (0..100).map(|_| tokio::spawn(service.clone().oneshot("who?".into())));
    for reply in within("all replies", join_all(asking)).await {
        assert_eq!(reply.unwrap().unwrap(), "well");
    }
}

/// The better of two clients by what is under way: one whose servers are silent fills up, and is
/// left alone.
#[tokio::test]
async fn balance_picks_the_least_loaded_client() {
    let silent = connect(&[&silent_server().await]).await;
    let well = connect(&[&server("well").await]).await;
    let clients = [silent.clone(), well.clone()]
        .map(|client| PendingRequests::new(client, CompleteOnResponse::default()));
    let discover = futures_util::stream::iter(clients.into_iter().enumerate())
        .map(|(key, client)| Ok::<_, Infallible>(tower::discover::Change::Insert(key, client)));
    let mut balance = Balance::new(discover);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut asking = Box::pin(balance.ready().await.unwrap().call("who?".into()));
        // One that the silent server has is kept, for it is what makes it the busier.
        let answered = async {
            while well.stats().in_flight > 0 {
                tokio::task::yield_now().await;
            }
        };
        within("the other to answer", answered).await;
        if let std::task::Poll::Ready(reply) = futures_util::poll!(&mut asking) {
            assert_eq!(reply.unwrap(), "well");
        } else {
            waiting.push(asking);
        }
    }
    let (silent, well) = (silent.stats(), well.stats());
    assert_eq!((silent.in_flight, silent.replied), (waiting.len(), 0));
    assert_eq!(well.replied, 20 - waiting.len() as u64);
    assert!(waiting.len() <= 2, "{} went to the silent one", waiting.len());
}

/// All of them at once, around a client and around what is served.
#[tokio::test]
async fn layers_stack_on_both_ends() {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let slow = service_fn(|request: Message| async {
        tokio::task::yield_now().await;
        Ok::<_, BoxError>(request)
    });
    let served: BoxCloneService<Message, Message, BoxError> = ServiceBuilder::new()
        .boxed_clone()
        .buffer(8)
        .load_shed()
        .concurrency_limit(4)
        .timeout(Duration::from_secs(10))
        .service(slow);
    let busy = Overload::Answer("busy".into());
    tokio::spawn(serve(router, served).overload(busy).failure_answer("busy").run());

    let client = connect(&[&endpoint]).await;
    let service = ServiceBuilder::new()
        .buffer(64)
        .concurrency_limit(32)
        .retry(LazyPirate(0))
        .timeout(Duration::from_secs(10))
        .service(client);
    let asking = (0..200_u32)
        .map(|number| tokio::spawn(service.clone().oneshot(Message::from(number.to_be_bytes()))));
    let replies = within("all replies", join_all(asking)).await;
    let mut echoed = 0;
    for (number, reply) in (0..200_u32).zip(replies) {
        let reply = reply.unwrap().unwrap();
        if reply != "busy" {
            assert_eq!(reply, &number.to_be_bytes());
            echoed += 1;
        }
    }
    assert!(echoed > 0);
}
