//! Plays this library against libzmq, bare sockets and others: see `versus --help`.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    benches::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("versus measures on Linux only: it reads /proc, and loads libzmq.so.5");
    std::process::exit(2);
}
