//! Tests of the libzmq build and of this crate, between libzmq sockets only.

use std::time::Duration;

use libzmq_peer::{
    Context, Error, EventKind, Msg, Opt, Peer, Socket, SocketKind, curve_keypair, curve_public,
    errno, has, version, z85_decode, z85_encode,
};

const ANY_PORT: &str = "tcp://127.0.0.1:*";
const PLENTY: Duration = Duration::from_secs(60);

#[test]
fn libzmq_is_4_3_5_with_curve_and_draft() {
    assert_eq!(version(), (4, 3, 5));
    for capability in ["curve", "draft", "ipc", "WS"] {
        assert!(has(capability), "{capability}");
    }
    assert!(!has("gssapi"));
}

#[test]
fn req_and_rep_over_tcp() -> Result<(), Error> {
    let context = Context::new()?;
    let rep = Socket::new(&context, SocketKind::Rep)?;
    let endpoint = rep.bind(ANY_PORT)?;
    let req = Socket::new(&context, SocketKind::Req)?;
    req.connect(&endpoint)?;

    req.send(&["one", "", "three"])?;
    assert_eq!(rep.recv()?, [&b"one"[..], b"", b"three"]);
    assert_eq!(rep.try_recv().expect_err("it has to answer first").errno(), Some(errno::EFSM));
    assert!(rep.try_send(&[b"answer"])?);
    assert_eq!(req.recv_timeout(PLENTY)?, Some(vec![b"answer".to_vec()]));
    assert_eq!(req.get_i32(Opt::RCVTIMEO)?, -1, "as it was before recv_timeout");
    Ok(())
}

#[test]
fn every_socket_type_exists() -> Result<(), Error> {
    use SocketKind::*;
    let context = Context::new()?;
    let kinds = [
        Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, Xpub, Xsub, Stream, Server, Client,
        Radio, Dish, Gather, Scatter, Dgram, Peer, Channel,
    ];
    for kind in kinds {
        assert_eq!(Socket::new(&context, kind)?.get_i32(Opt::TYPE)?, kind as i32);
    }
    Ok(())
}

#[test]
fn options_of_every_type() -> Result<(), Error> {
    let socket = Socket::new(&Context::new()?, SocketKind::Dealer)?;
    socket.set_i64(Opt::MAXMSGSIZE, 1 << 40)?;
    assert_eq!(socket.get_i64(Opt::MAXMSGSIZE)?, 1 << 40);
    socket.set_u64(Opt::AFFINITY, 1)?;
    assert_eq!(socket.get_u64(Opt::AFFINITY)?, 1);
    socket.set_bytes(Opt::ROUTING_ID, b"\x01id")?;
    assert_eq!(socket.get_bytes(Opt::ROUTING_ID)?, b"\x01id");
    socket.set_str(Opt::PLAIN_USERNAME, Some("user"))?;
    assert_eq!(
        (socket.get_string(Opt::PLAIN_USERNAME)?.as_str(), socket.get_i32(Opt::MECHANISM)?),
        ("user", 1)
    );
    socket.set_str(Opt::PLAIN_USERNAME, None)?;
    assert_eq!(socket.get_i32(Opt::MECHANISM)?, 0);
    assert_eq!(socket.bind("nowhere").expect_err("no scheme").errno(), Some(errno::EINVAL));
    Ok(())
}

#[test]
fn keys_and_z85() -> Result<(), Error> {
    let (public, secret) = curve_keypair()?;
    assert_eq!((public.len(), secret.len(), curve_public(&secret)?), (40, 40, public.clone()));
    let bytes = z85_decode(&public)?;
    assert_eq!((bytes.len(), z85_encode(&bytes)?), (32, public.clone()));
    assert!(
        z85_decode("four").is_err()
            && z85_encode(&[0; 5]).is_err()
            && curve_public("short").is_err()
    );

    let socket = Socket::new(&Context::new()?, SocketKind::Pair)?;
    socket.set_bytes(Opt::CURVE_SERVERKEY, &bytes)?;
    assert_eq!(
        (socket.get_string(Opt::CURVE_SERVERKEY)?, socket.get_bytes(Opt::CURVE_SERVERKEY)?),
        (public, bytes)
    );
    Ok(())
}

#[test]
fn curve_over_a_wildcard_ipc_path() -> Result<(), Error> {
    let (server, client) = (curve_keypair()?, curve_keypair()?);
    let server_key = server.0;
    let pull = Peer::spawn(SocketKind::Pull, move |socket| {
        socket.set_i32(Opt::CURVE_SERVER, 1)?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&server.1))?;
        socket.bind("ipc://*")
    })?;
    let endpoint = pull.endpoint().to_owned();
    let push = Peer::spawn(SocketKind::Push, move |socket| {
        socket.set_str(Opt::CURVE_SERVERKEY, Some(&server_key))?;
        socket.set_str(Opt::CURVE_PUBLICKEY, Some(&client.0))?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&client.1))?;
        socket.connect(&endpoint)
    })?;
    push.send(["secret"]).wait()?;
    assert_eq!(pull.recv().wait()?, [b"secret"]);
    pull.event(EventKind::HANDSHAKE_SUCCEEDED).wait()?;
    Ok(())
}

#[test]
fn monitor_reports_a_connection() -> Result<(), Error> {
    let context = Context::new()?;
    let push = Socket::new(&context, SocketKind::Push)?;
    let monitor = push.monitor()?;
    let endpoint = push.bind(ANY_PORT)?;
    let listening = monitor.recv_timeout(PLENTY)?.expect("an event");
    assert_eq!((listening.kind, &listening.endpoint), (EventKind::LISTENING, &endpoint));

    let pull = Socket::new(&context, SocketKind::Pull)?;
    pull.connect(&endpoint)?;
    assert!(monitor.wait_for(EventKind::HANDSHAKE_SUCCEEDED, PLENTY)?.is_some());
    let second = push.monitor()?;
    assert!(monitor.wait_for(EventKind::MONITOR_STOPPED, PLENTY)?.is_some());
    drop(monitor);
    drop(pull);
    assert!(second.wait_for(EventKind::DISCONNECTED, PLENTY)?.is_some());
    Ok(())
}

#[test]
fn drafts_have_routing_ids_and_groups() -> Result<(), Error> {
    let context = Context::new()?;
    let [server, client] = pair(&context, SocketKind::Server, SocketKind::Client)?;
    client.send(&["question"])?;
    let mut question = server.recv_msg()?;
    assert_ne!(question.routing_id(), 0);
    assert_eq!(question.property("Socket-Type").as_deref(), Some("CLIENT"));
    let mut answer = Msg::new(b"answer")?;
    answer.set_routing_id(question.routing_id())?;
    server.send_msg(answer, false)?;
    assert_eq!(client.recv()?, [b"answer"]);

    let [radio, dish] = pair(&context, SocketKind::Radio, SocketKind::Dish)?;
    dish.join("news")?;
    let mut heard = None;
    while heard.is_none() {
        let mut msg = Msg::new(b"hello")?;
        msg.set_group("news")?;
        radio.send_msg(msg, false)?; // dropped until the JOIN has arrived
        dish.set_i32(Opt::RCVTIMEO, 10)?;
        heard = dish.recv_msg().ok();
    }
    let mut heard = heard.expect("just tested");
    assert_eq!(
        (heard.group().as_deref(), heard.to_vec().as_slice()),
        (Some("news"), &b"hello"[..])
    );
    Ok(())
}

#[tokio::test]
async fn peer_sends_while_waiting_to_receive() -> Result<(), Error> {
    let router = Peer::spawn(SocketKind::Router, |socket| socket.bind(ANY_PORT))?;
    let endpoint = router.endpoint().to_owned();
    let dealer = Peer::spawn(SocketKind::Dealer, move |socket| {
        socket.set_str(Opt::ROUTING_ID, Some("me"))?;
        socket.connect(&endpoint)
    })?;
    let (first, second) = (dealer.recv(), dealer.recv());
    dealer.send(["hello"]).await?;
    assert_eq!(router.recv().await?, [&b"me"[..], b"hello"]);
    router.send(["me", "1"]).await?;
    router.send(["me", "2"]).await?;
    assert_eq!((first.await?, second.await?), (vec![b"1".to_vec()], vec![b"2".to_vec()]));

    assert_eq!(dealer.run(|socket| socket.get_i32(Opt::TYPE)).await?, SocketKind::Dealer as i32);
    assert_eq!(router.event(EventKind::LISTENING).await?.endpoint, router.endpoint());
    dealer.stop().await?;
    router.event(EventKind::DISCONNECTED).await?;
    router.stop().await
}

#[tokio::test]
async fn peer_errors_say_what_failed() -> Result<(), Error> {
    let error =
        Peer::spawn(SocketKind::Sub, |socket| socket.bind("nowhere")).expect_err("no scheme");
    assert_eq!(error.errno(), Some(errno::EINVAL));

    let pull = Peer::spawn(SocketKind::Pull, |socket| socket.bind(ANY_PORT))?
        .with_deadline(Duration::from_millis(20));
    let error = pull.recv().await.expect_err("no peer sends");
    assert_eq!(error.to_string(), "waited 20ms for Pull: a message");
    let error = pull.event(EventKind::ACCEPTED).await.expect_err("no peer connects");
    assert!(
        error
            .to_string()
            .contains("the event ACCEPTED; there were [MonitorEvent { kind: LISTENING"),
        "{error}"
    );

    let push = Peer::spawn(SocketKind::Push, |socket| socket.bind("inproc://a"))?;
    let error = push.recv().await.expect_err("PUSH cannot");
    assert_eq!(error.errno(), Some(errno::ENOTSUP));
    let error = push
        .run(|_| -> Result<(), Error> { panic!("this is part of the test") })
        .await
        .expect_err("it panicked");
    assert_eq!(error, Error::Gone { waited_for: "Push: run a closure".into() });
    assert!(push.stop().await.is_err());
    Ok(())
}

#[test]
fn peers_of_one_context_share_inproc() -> Result<(), Error> {
    let pull = Peer::spawn(SocketKind::Pull, |socket| socket.bind("inproc://a"))?;
    let push =
        Peer::spawn_in(pull.context(), SocketKind::Push, |socket| socket.connect("inproc://a"))?;
    let received = pull.recv();
    push.send([[1, 2, 3]]).wait()?;
    assert_eq!(received.wait()?, [[1, 2, 3]]);
    Ok(())
}

fn pair(context: &Context, bound: SocketKind, connected: SocketKind) -> Result<[Socket; 2], Error> {
    let (bound, connected) = (Socket::new(context, bound)?, Socket::new(context, connected)?);
    connected.connect(&bound.bind(ANY_PORT)?)?;
    Ok([bound, connected])
}
