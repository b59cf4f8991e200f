//! The five sockets and their messages.

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

/// A kernel with bound sockets.
pub struct Kernel {
    shell: Shell,
    control: Control,
    heartbeat: RepSocket,
}

/// An error that ends the kernel.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// A socket cannot be bound to its endpoint.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A socket was closed.
    #[error(transparent)]
    Receive(#[from] RecvError),
    /// A socket was closed.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The system has no random numbers for message ids.
    #[error("cannot create a message id: {0}")]
    Random(#[from] getrandom::Error),
}

type Result<T> = std::result::Result<T, KernelError>;

/// Runs code, one request at a time.
struct Shell {
    socket: RouterSocket,
    stdin: RouterSocket,
    news: News,
    calculator: Calculator,
    executions: u64,
    interrupted: Arc<Notify>,
}

/// Receives requests that must not wait for running code.
struct Control {
    socket: RouterSocket,
    news: News,
    interrupted: Arc<Notify>,
}

/// Publishes output and status to every frontend.
struct News {
    publisher: Sender<Pub>,
    session: Session,
}

/// Whether the kernel continues after a request.
#[derive(PartialEq)]
enum Next {
    GoOn,
    Stop,
}

/// The reason why running code ended early.
enum Failure {
    /// An error in the code.
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
    /// A socket cannot be bound.
    pub async fn bind(file: &ConnectionFile) -> Result<Self> {
        let session = Session::new(&file.key)?;
        let interrupted = Arc::new(Notify::new());
        // A frontend that has disconnected must not delay the shutdown.
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

    /// Serves frontends until one of them requests a shutdown.
    ///
    /// # Errors
    ///
    /// A socket was closed.
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

/// Echoes heartbeats, so that the frontend knows that the kernel is alive.
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
                // A kernel may leave optional requests unanswered.
                None => return Ok(Next::GoOn),
            },
        };
        self.socket.send(self.news.reply(request, &content)?).await?;
        Ok(next)
    }

    /// Runs code, publishes its output to all frontends, and returns the reply to the request.
    async fn execute(&mut self, request: &Request) -> Result<Value> {
        let parent = &request.header;
        let code = request.content["code"].as_str().unwrap_or_default();
        if request.content["silent"] != json!(true) {
            self.executions += 1;
            let input = json!({"code": code, "execution_count": self.executions});
            self.news.publish("execute_input", parent, &input).await?;
        }
        // Start to wait for an interrupt before the code runs.
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
            Err(Failure::Interrupted) => ("Interrupted", "at the request of a frontend".to_owned()),
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

    /// Asks the user of the frontend that sent the request for a number.
    async fn ask(&mut self, name: &str, request: &Request) -> std::result::Result<f64, Failure> {
        if request.content["allow_stdin"] != json!(true) {
            return Err(Failure::Code("this frontend does not support input".to_owned()));
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
    /// Returns the request if its signature is valid.
    fn open(&self, message: &Message) -> Option<Request> {
        match self.session.open(message) {
            Ok(request) => Some(request),
            Err(error) => {
                eprintln!("jupyter_kernel: dropped a message: {error}");
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

/// The replies that are the same on shell and control.
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
