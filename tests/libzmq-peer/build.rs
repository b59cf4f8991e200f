//! Builds libzmq 4.3.5 with its DRAFT API and with CURVE over libsodium, from the sources in
//! crates.

use std::env;

use zeromq_src::{Build, LibLocation};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let sodium = |key| env::var(key).expect("libsodium-sys-stable sets the path of libsodium");
    let libsodium = LibLocation::new(sodium("DEP_SODIUM_LIB"), sodium("DEP_SODIUM_INCLUDE"));

    // `zeromq_src::Build` cannot set these flags, but its compiler wrapper reads the environment.
    set("OPT_LEVEL", "2"); // in every profile, because tests time out with -O0
    set("DEBUG", "false");
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("msvc") {
        add("CFLAGS", "-w");
        add("CXXFLAGS", "-w"); // hides the warnings of libzmq
    }
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        LINUX_HAS.iter().for_each(|name| add("CXXFLAGS", &format!("-D{name}=1")));
        add("CXXFLAGS", "-DZMQ_CACHELINE_SIZE=64");
    }

    Build::new().enable_draft(true).with_libsodium(Some(libsodium)).build();
}

/// Macros that libzmq's own build detects and `zeromq-src` does not set.
const LINUX_HAS: [&str; 21] = [
    "HAVE_ACCEPT4",
    "HAVE_CLOCK_GETTIME",
    "HAVE_FORK",
    "HAVE_IF_NAMETOINDEX",
    "HAVE_MKDTEMP",
    "HAVE_POSIX_MEMALIGN",
    "ZMQ_HAVE_BUSY_POLL",
    "ZMQ_HAVE_EVENTFD",
    "ZMQ_HAVE_EVENTFD_CLOEXEC",
    "ZMQ_HAVE_IFADDRS",
    "ZMQ_HAVE_O_CLOEXEC",
    "ZMQ_HAVE_PTHREAD_SETNAME_2",
    "ZMQ_HAVE_SOCK_CLOEXEC",
    "ZMQ_HAVE_SO_BINDTODEVICE",
    "ZMQ_HAVE_SO_KEEPALIVE",
    "ZMQ_HAVE_SO_PEERCRED",
    "ZMQ_HAVE_SO_PRIORITY",
    "ZMQ_HAVE_TCP_KEEPCNT",
    "ZMQ_HAVE_TCP_KEEPIDLE",
    "ZMQ_HAVE_TCP_KEEPINTVL",
    "ZMQ_IOTHREAD_POLLER_USE_EPOLL_CLOEXEC",
];

fn add(variable: &str, flag: &str) {
    let before = env::var(variable).unwrap_or_default();
    set(variable, &format!("{before} {flag}"));
}

fn set(variable: &str, value: &str) {
    // SAFETY: only `main` calls this, before it starts any thread.
    unsafe { env::set_var(variable, value) };
}
