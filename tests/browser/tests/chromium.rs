//! A page in a headless Chromium subscribes to a PUB, draws what arrives, and asks a REP.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::process::Stdio;
use std::sync::Arc;

use support::{event, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::Notify;
use zeromq_async::{Message, PubSocket, RepSocket, SocketEvent};

const PAGE: &str = include_str!("page.html");

/// Serves the page. The picture in it is not found, but only once the page has reported.
async fn serve(listener: TcpListener) {
    let done = Arc::new(Notify::new());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, done.clone()));
    }
}

async fn answer(mut stream: TcpStream, done: Arc<Notify>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let path = String::from_utf8(request).unwrap();
    let path = path.split(' ').nth(1).unwrap();
    let (status, body) = match path {
        "/" => ("200 OK", PAGE),
        "/done" => {
            done.notified().await;
            ("404 Not Found", "")
        }
        "/report" => {
            done.notify_one();
            ("200 OK", "")
        }
        _ => ("404 Not Found", ""),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + body).as_bytes()).await;
}

/// Loads the page and returns what it has become.
async fn load(chromium: &str, url: &str) -> String {
    let profile = std::env::temp_dir().join(format!("zeromq-page-{}", std::process::id()));
    let mut browser = Command::new(chromium);
    browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--dump-dom", url])
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = within("the page to load", browser.output()).await.unwrap();
    let _ = std::fs::remove_dir_all(profile);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_draws_what_a_pub_sends_and_asks_a_rep() {
    let Some(chromium) = browser::chromium() else { return };
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut publisher, mut rep) = (PubSocket::new(), RepSocket::new());
    let mut events = rep.events();
    let feed = publisher.bind("ws://127.0.0.1:*/feed").await.unwrap().to_string();
    let ask = rep.bind("ws://127.0.0.1:*/ask").await.unwrap().to_string();
    // The page finds both after the '#'.
    let url = format!("http://{}/#{feed},{ask}", http.local_addr().unwrap());
    tokio::spawn(serve(http));

    let publishing = tokio::spawn(async move {
        publisher.wait_for_subscribers("temperature", 1).await;
        for value in 0..10 {
            publisher.send("pressure").await.unwrap();
            let message = Message::multipart(["temperature".to_owned(), (value * 7).to_string()]);
            publisher.send(message).await.unwrap();
        }
        publisher
    });
    let replying = tokio::spawn(async move {
        let mut last = String::new();
        while !last.starts_with("drawn") {
            let request = rep.recv().await.unwrap();
            last = String::from_utf8(request.frames()[0].to_vec()).unwrap();
            rep.send(format!("re {last}")).await.unwrap();
        }
        rep
    });
    let page = load(chromium, &url).await;
    assert!(page.contains("<p id=\"state\">done</p>"), "{page}");
    let points: Vec<String> = (0..10).map(|n| format!("{},{}", n * 10, n * 7)).collect();
    assert!(page.contains(&points.join(" ")), "{page}");
    for reply in ["re one", "re two", "70003 bytes", "re drawn 10"] {
        assert!(page.contains(&format!("<li>{reply}</li>")), "{reply}: {page}");
    }
    let rep = within("the replies", replying).await.unwrap();
    event(&mut events, "the page to leave", |event| {
        matches!(event, SocketEvent::Disconnected { .. }).then_some(())
    })
    .await;
    drop((rep, publishing.await));
}
