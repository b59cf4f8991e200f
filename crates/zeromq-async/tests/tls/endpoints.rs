//! Endpoints of `tls://`.

use support::authority::{ANY_TLS_PORT, Authority, HOST};
use support::within;
use zeromq_async::tls::TlsServer;
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Endpoint, EndpointErrorKind, PullSocket, PushSocket,
    SocketBuilder,
};

fn server(authority: &Authority) -> SocketBuilder<zeromq_async::Pull> {
    PullSocket::builder().tls_server(authority.server())
}

/// Binds for `names`, connects, and passes a message.
async fn passes(bind: &str, names: &[&str], connect: impl Fn(&Endpoint) -> String) {
    let authority = Authority::new();
    let issued = authority.issue_with(HOST, |parameters| {
        for name in names {
            let more = rcgen::CertificateParams::new([(*name).to_owned()]).unwrap();
            parameters.subject_alt_names.extend(more.subject_alt_names);
        }
    });
    let mut pull = PullSocket::builder().tls_server(TlsServer::new(issued.tls())).build();
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    let bound = pull.bind(bind).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!bound.is_wildcard(), "{bound}");
    push.connect(connect(&bound)).unwrap_or_else(|error| panic!("{error}"));
    push.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
}

fn port(endpoint: &Endpoint) -> String {
    endpoint.to_string().rsplit_once(':').unwrap().1.to_owned()
}

#[tokio::test]
async fn names_and_both_families_connect() {
    passes("tls://*:*", &["localhost"], |bound| format!("tls://localhost:{}", port(bound))).await;
    passes("tls://[::1]:*", &["::1"], |bound| bound.to_string()).await;
    passes("tls://localhost:0", &["localhost"], |bound| format!("tls://localhost:{}", port(bound)))
        .await;
}

#[tokio::test]
async fn source_address_is_used() {
    passes("tls://127.0.0.1:*", &[], |bound| format!("tls://127.0.0.1:0;{HOST}:{}", port(bound)))
        .await;
}

#[tokio::test]
async fn invalid_addresses_are_refused_at_once() {
    let authority = Authority::new();
    let pull = server(&authority).build();
    for text in ["tls://127.0.0.1", "tls://127.0.0.1:x", "tls://:5", "tls://a b:5"] {
        let error = pull.bind(text).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        let error = pull.connect(text).unwrap_err();
        assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)), "{error}");
    }
    for text in ["tls://*:5555", "tls://127.0.0.1:*", "tls://127.0.0.1:0"] {
        let error = pull.connect(text).unwrap_err();
        let wildcard = ConnectErrorKind::InvalidEndpoint(EndpointErrorKind::WildcardNotAllowed);
        assert_eq!(error.kind(), &wildcard);
    }
}

#[tokio::test]
async fn bind_without_certificate_says_what_to_set() {
    let error = PullSocket::new().bind(ANY_TLS_PORT).await.unwrap_err();
    assert!(error.to_string().contains("build it with tls_server"), "{error}");
    assert!(error.to_string().contains("tls://127.0.0.1:*"), "{error}");
}

#[tokio::test]
async fn bound_port_in_use_is_named() {
    let authority = Authority::new();
    let pull = server(&authority).build();
    let bound = pull.bind(ANY_TLS_PORT).await.unwrap();
    let error = server(&authority).build().bind(&bound).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error}");
    assert!(error.to_string().contains(&bound.to_string()), "{error}");
}

#[tokio::test]
async fn unbind_takes_name_and_frees_port() {
    let authority = Authority::new();
    let pull = server(&authority).build();
    let bound = pull.bind("tls://localhost:*").await.unwrap();
    let by_name = format!("tls://localhost:{}", port(&bound));
    pull.unbind(by_name.as_str()).await.unwrap();
    pull.bind(&bound).await.unwrap();
    // A plain endpoint with that port is another one.
    assert!(pull.unbind(bound.with_scheme("tcp").unwrap()).await.is_err());
    pull.unbind(bound).await.unwrap();
}
