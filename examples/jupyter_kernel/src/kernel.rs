//! The five sockets, and what is said on which of them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use zeromq_async::{
    BindError, Frame, Message, Pub, PubSocket, RecvError, RepSocket, RouterSocket, SendError,
    Sender,
};

use crate::calculator::{Calculator, Statement};
use crate::connection::ConnectionFile;
use crate::message::{Request, Session};

/// A kernel whose sockets are bound.
pub struct Kernel {
    shell: Shell,
    control: Control,
    heartbeat: RepSocket,
}

/// What ends a kernel before its time.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// A socket cannot be bound where the frontend wants it.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A socket was closed.
    #[error(transparent)]
    Receive(#[from] RecvError),
    /// A socket was closed.
    #[error(transparent)]
    Send(#[from] SendError),
    /// There is no randomness for the names of messages.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

type Result<T> = std::result::Result<T, KernelError>;

/// Runs code, one request after the other.
struct Shell {
    socket: RouterSocket,
    stdin: RouterSocket,
    news: News,
    calculator: Calculator,
    executions: u64,
    interrupted: Arc<Notify>,
}

/// Hears what must not wait behind running code.
struct Control {
    socket: RouterSocket,
    news: News,
    interrupted: Arc<Notify>,
}

/// Tells every frontend what happens.
struct News {
    publisher: Sender<Pub>,
    session: Session,
}

/// What a request led to.
#[derive(PartialEq)]
enum Next {
    GoOn,
    Stop,
}

/// Why running code ended early.
enum Failure {
    /// The code is at fault.
    Code(String),
    Interrupted,
    Kernel(KernelError),
}

impl<E: Into<KernelError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Kernel(error.into())
    }
}

impl Kernel {
    /// Binds the five sockets.
    ///
    /// # Errors
    ///
    /// One of them cannot be bound.
    pub async fn bind(file: &ConnectionFile) -> Result<Self> {
        let session = Session::new(&file.key)?;
        let interrupted = Arc::new(Notify::new());
        // Frontends that go away must not hold up the end.
        let linger = Duration::from_secs(1);
        let iopub = PubSocket::builder().linger(linger).build();
        iopub.bind(file.iopub().as_str()).await?;
        let router = || RouterSocket::builder().linger(linger).build();
        let (shell, stdin, control) = (router(), router(), router());
        shell.bind(file.shell().as_str()).await?;
        stdin.bind(file.stdin().as_str()).await?;
        control.bind(file.control().as_str()).await?;
        let heartbeat = RepSocket::new();
        heartbeat.bind(file.heartbeat().as_str()).await?;
        let news = || News { publisher: iopub.sender(), session: session.clone() };
        Ok(Self {
            control: Control { socket: control, news: news(), interrupted: interrupted.clone() },
            shell: Shell {
                socket: shell,
                stdin,
                news: news(),
                calculator: Calculator::default(),
                executions: 0,
                interrupted,
            },
            heartbeat,
        })
    }

    /// Serves frontends until one of them asks for the end.
    ///
    /// # Errors
    ///
    /// A socket was closed from elsewhere.
    pub async fn serve(mut self) -> Result<()> {
        self.shell.news.status("starting", &json!({})).await?;
        tokio::select! {
            ended = self.shell.serve() => ended?,
            ended = self.control.serve() => ended?,
            ended = echo(&mut self.heartbeat) => ended?,
        }
        // The last reply is written before the process ends.
        self.shell.socket.close().await;
        self.control.socket.close().await;
        self.shell.news.publisher.handle().close().await;
        Ok(())
    }
}

/// Says back what was said, so that the frontend knows that the kernel lives.
async fn echo(heartbeat: &mut RepSocket) -> Result<()> {
    loop {
        let message = heartbeat.recv().await?;
        heartbeat.send(message).await?;
    }
}

impl Control {
    async fn serve(&mut self) -> Result<()> {
        loop {
            let message = self.socket.recv().await?;
            let Some(request) = self.news.open(&message) else { continue };
            self.news.status("busy", &request.header).await?;
            let (content, next) = match request.kind() {
                "interrupt_request" => {
                    self.interrupted.notify_waiters();
                    (json!({"status": "ok"}), Next::GoOn)
                }
                kind => match common_reply(kind, &request.content) {
                    Some(reply) => reply,
                    None => continue,
                },
            };
            self.socket.send(self.news.reply(&request, &content)?).await?;
            self.news.status("idle", &request.header).await?;
            if next == Next::Stop {
                return Ok(());
            }
        }
    }
}

impl Shell {
    async fn serve(&mut self) -> Result<()> {
        loop {
            let message = self.socket.recv().await?;
            let Some(request) = self.news.open(&message) else { continue };
            self.news.status("busy", &request.header).await?;
            let next = self.handle(&request).await?;
            self.news.status("idle", &request.header).await?;
            if next == Next::Stop {
                return Ok(());
            }
        }
    }

    async fn handle(&mut self, request: &Request) -> Result<Next> {
        let (content, next) = match request.kind() {
            "execute_request" => (self.execute(request).await?, Next::GoOn),
            kind => match common_reply(kind, &request.content) {
                Some(reply) => reply,
                // A frontend does without what a kernel does not answer.
                None => return Ok(Next::GoOn),
            },
        };
        self.socket.send(self.news.reply(request, &content)?).await?;
        Ok(next)
    }

    /// Runs code, tells all frontends what it says, and returns the reply for the one that asked.
    async fn execute(&mut self, request: &Request) -> Result<Value> {
        let parent = &request.header;
        let code = request.content["code"].as_str().unwrap_or_default();
        if request.content["silent"] != json!(true) {
            self.executions += 1;
            let input = json!({"code": code, "execution_count": self.executions});
            self.news.publish("execute_input", parent, &input).await?;
        }
        // Listening for an interrupt begins before the code does.
        let interrupted = self.interrupted.clone();
        let interrupt = interrupted.notified();
        let outcome = tokio::select! {
            outcome = self.run(code, request) => outcome,
            () = interrupt => Err(Failure::Interrupted),
        };
        let (name, value) = match outcome {
            Ok(()) => {
                return Ok(json!({"status": "ok", "execution_count": self.executions,
                                 "user_expressions": {}, "payload": []}));
            }
            Err(Failure::Kernel(error)) => return Err(error),
            Err(Failure::Code(text)) => ("CalculationError", text),
            Err(Failure::Interrupted) => ("Interrupted", "as was asked".to_owned()),
        };
        let mut error =
            json!({"ename": name, "evalue": value, "traceback": [format!("{name}: {value}")]});
        self.news.publish("error", parent, &error).await?;
        error["status"] = json!("error");
        error["execution_count"] = json!(self.executions);
        Ok(error)
    }

    async fn run(&mut self, code: &str, request: &Request) -> std::result::Result<(), Failure> {
        let mut result = None;
        for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            result = None;
            match self.calculator.run(line).map_err(Failure::Code)? {
                Statement::Done => {}
                Statement::Value(value) => result = Some(value),
                Statement::Print(text) => {
                    let content = json!({"name": "stdout", "text": text + "\n"});
                    self.news.publish("stream", &request.header, &content).await?;
                }
                Statement::Ask(name) => {
                    let value = self.ask(&name, request).await?;
                    self.calculator.set(name, value);
                }
                Statement::Sleep(seconds) => {
                    let time = Duration::try_from_secs_f64(seconds);
                    let time = time.map_err(|error| Failure::Code(error.to_string()))?;
                    tokio::time::sleep(time).await;
                }
            }
        }
        if let Some(value) = result {
            let content = json!({
                "execution_count": self.executions,
                "data": {"text/plain": value.to_string()},
                "metadata": {},
            });
            self.news.publish("execute_result", &request.header, &content).await?;
        }
        Ok(())
    }

    /// Asks the user of the frontend that sent the request.
    async fn ask(&mut self, name: &str, request: &Request) -> std::result::Result<f64, Failure> {
        if request.content["allow_stdin"] != json!(true) {
            return Err(Failure::Code("this frontend cannot be asked".to_owned()));
        }
        let question = json!({"prompt": format!("{name}? "), "password": false});
        let session = &self.news.session;
        let question =
            session.seal(&request.identities, "input_request", &request.header, &question)?;
        self.stdin.send(question).await?;
        loop {
            let message = self.stdin.recv().await?;
            let Some(reply) = self.news.open(&message) else { continue };
            if reply.kind() == "input_reply" {
                let text = reply.content["value"].as_str().unwrap_or_default();
                return self.calculator.evaluate(text).map_err(Failure::Code);
            }
        }
    }
}

impl News {
    /// A request, unless it is not signed as it must be.
    fn open(&self, message: &Message) -> Option<Request> {
        match self.session.open(message) {
            Ok(request) => Some(request),
            Err(error) => {
                eprintln!("jupyter_kernel: a message was dropped: {error}");
                None
            }
        }
    }

    fn reply(&self, request: &Request, content: &Value) -> Result<Message> {
        let kind = request.kind().replace("_request", "_reply");
        Ok(self.session.seal(&request.identities, &kind, &request.header, content)?)
    }

    async fn status(&mut self, state: &str, parent: &Value) -> Result<()> {
        self.publish("status", parent, &json!({"execution_state": state})).await
    }

    async fn publish(&mut self, kind: &str, parent: &Value, content: &Value) -> Result<()> {
        let topic = Frame::from(kind.as_bytes());
        Ok(self.publisher.send(self.session.seal(&[topic], kind, parent, content)?).await?)
    }
}

/// The reply to what is answered the same on shell and control.
fn common_reply(kind: &str, content: &Value) -> Option<(Value, Next)> {
    let reply = match kind {
        "kernel_info_request" => json!({
            "status": "ok",
            "protocol_version": "5.3",
            "implementation": "calculator",
            "implementation_version": env!("CARGO_PKG_VERSION"),
            "language_info": {
                "name": "calculator", "version": "1", "mimetype": "text/plain",
                "file_extension": ".calc",
            },
            "banner": "A calculator: 6 * 7, x = 2, print x, ask name, sleep 1",
            "help_links": [],
        }),
        "is_complete_request" => json!({"status": "complete"}),
        "comm_info_request" => json!({"status": "ok", "comms": {}}),
        "history_request" => json!({"status": "ok", "history": []}),
        "inspect_request" => json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
        "complete_request" => json!({
            "status": "ok", "matches": [], "metadata": {},
            "cursor_start": content["cursor_pos"], "cursor_end": content["cursor_pos"],
        }),
        "shutdown_request" => {
            return Some((json!({"status": "ok", "restart": content["restart"]}), Next::Stop));
        }
        _ => return None,
    };
    Some((reply, Next::GoOn))
}
