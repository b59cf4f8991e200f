//! Compares this library with libzmq, bare sockets and other implementations. See `versus --help`.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    benches::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("versus supports only Linux: it reads /proc and loads libzmq.so.5");
    std::process::exit(2);
}
