//! stunnel: ends TLS in front of a plain program.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, thread};

use interop::ReservedPort;
use support::authority::Issued;

/// A running stunnel, its port, and its files.
pub(crate) struct Stunnel {
    child: Child,
    folder: PathBuf,
    port: ReservedPort,
}

/// The side of TLS that stunnel is.
pub(crate) enum Side {
    /// Accepts plain connections, and makes TLS connections.
    Client,
    /// Accepts TLS connections, and makes plain connections.
    Server,
}

impl Stunnel {
    /// Starts it between its own port and the endpoint `to`, with this certificate. It verifies the
    /// peer's certificate against the authority.
    pub(crate) fn start(
        side: &Side,
        to: &str,
        own: &Issued,
        authority: &str,
        version: &str,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("interop-stunnel-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let port = ReservedPort::new();
        let mut text = String::from("foreground = yes\npid =\nsyslog = no\ndebug = err\n[zmq]\n");
        for (name, value) in [
            ("client", if matches!(side, Side::Client) { "yes" } else { "no" }.to_owned()),
            ("accept", address(&port.endpoint()).to_owned()),
            ("connect", address(to).to_owned()),
            ("cert", file("crt", &own.certificate)),
            ("key", file("key", &own.key)),
            ("CAfile", file("ca", authority)),
            ("verifyChain", "yes".to_owned()),
            ("sslVersion", version.to_owned()),
        ] {
            writeln!(text, "{name} = {value}").unwrap();
        }
        let child = run(&file("conf", &text));
        Self { child, folder, port }
    }

    /// The endpoint of its port, over tcp. It may not listen yet.
    pub(crate) fn endpoint(&self) -> String {
        self.port.endpoint()
    }

    /// Ends it and starts it again at the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = run(&self.folder.join("conf").display().to_string());
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Stunnel {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "stunnel: {log}");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn run(configuration: &str) -> Child {
    let log = configuration.replace("conf", "log");
    let log = fs::File::options().create(true).append(true).open(log).unwrap();
    let mut stunnel = Command::new("stunnel");
    stunnel.arg(configuration).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    stunnel.spawn().expect("stunnel runs")
}

/// The address of an endpoint of any scheme.
fn address(endpoint: &str) -> &str {
    endpoint.split_once("://").unwrap().1
}

/// Whether stunnel is installed. Reports a skipped test, bypassing the capture of test output.
pub(crate) fn is_missing() -> bool {
    if Command::new("stunnel").arg("-version").output().is_ok_and(|output| output.status.success())
    {
        return false;
    }
    let name = thread::current().name().unwrap_or_default().to_owned();
    let why = "there is no stunnel; `apt-get install stunnel4`";
    let _ = writeln!(std::io::stderr(), "test {name} ... SKIPPED: {why}");
    true
}
