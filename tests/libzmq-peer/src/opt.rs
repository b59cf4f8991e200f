//! The numbers of every option, named as in `zmq.h` without `ZMQ_`.

macro_rules! options {
    ($type:ident: $($name:ident = $number:literal $what:literal;)*) => {
        impl $type {
            $(#[doc = $what] pub const $name: Self = Self($number);)*
        }
    };
}

/// A socket option: its number and the type of its value. See `zmq_setsockopt(3)` for its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opt(pub i32);

/// An option of a [`Context`](crate::Context).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContextOpt(pub i32);

options! { Opt:
    AFFINITY = 4 "`u64` bit mask of I/O threads.";
    ROUTING_ID = 5 "Bytes, 1 to 255.";
    SUBSCRIBE = 6 "Bytes: a topic prefix.";
    UNSUBSCRIBE = 7 "Bytes: a topic prefix.";
    RATE = 8 "`i32`, kilobits per second.";
    RECOVERY_IVL = 9 "`i32`, ms.";
    SNDBUF = 11 "`i32`, bytes.";
    RCVBUF = 12 "`i32`, bytes.";
    RCVMORE = 13 "`i32`, read only.";
    FD = 14 "File descriptor, read only.";
    EVENTS = 15 "`i32`, read only: 1 can receive, 2 can send.";
    TYPE = 16 "`i32`, read only: the socket type.";
    LINGER = 17 "`i32`, ms; -1 no limit.";
    RECONNECT_IVL = 18 "`i32`, ms; -1 never.";
    BACKLOG = 19 "`i32`, connections.";
    RECONNECT_IVL_MAX = 21 "`i32`, ms.";
    MAXMSGSIZE = 22 "`i64`, bytes; -1 no limit.";
    SNDHWM = 23 "`i32`, messages; 0 no limit.";
    RCVHWM = 24 "`i32`, messages; 0 no limit.";
    MULTICAST_HOPS = 25 "`i32`, hops.";
    RCVTIMEO = 27 "`i32`, ms; -1 no limit.";
    SNDTIMEO = 28 "`i32`, ms; -1 no limit.";
    IPV4ONLY = 31 "`i32`, bool; deprecated.";
    LAST_ENDPOINT = 32 "String, read only.";
    ROUTER_MANDATORY = 33 "`i32`, bool.";
    TCP_KEEPALIVE = 34 "`i32`: -1, 0, 1.";
    TCP_KEEPALIVE_CNT = 35 "`i32`.";
    TCP_KEEPALIVE_IDLE = 36 "`i32`, s.";
    TCP_KEEPALIVE_INTVL = 37 "`i32`, s.";
    TCP_ACCEPT_FILTER = 38 "String: a CIDR range; deprecated.";
    IMMEDIATE = 39 "`i32`, bool.";
    XPUB_VERBOSE = 40 "`i32`, bool.";
    ROUTER_RAW = 41 "`i32`, bool; deprecated.";
    IPV6 = 42 "`i32`, bool.";
    MECHANISM = 43 "`i32`, read only: 0 NULL, 1 PLAIN, 2 CURVE, 3 GSSAPI.";
    PLAIN_SERVER = 44 "`i32`, bool.";
    PLAIN_USERNAME = 45 "String or none.";
    PLAIN_PASSWORD = 46 "String or none.";
    CURVE_SERVER = 47 "`i32`, bool.";
    CURVE_PUBLICKEY = 48 "32 bytes, or 40 characters of Z85.";
    CURVE_SECRETKEY = 49 "32 bytes, or 40 characters of Z85.";
    CURVE_SERVERKEY = 50 "32 bytes, or 40 characters of Z85.";
    PROBE_ROUTER = 51 "`i32`, bool.";
    REQ_CORRELATE = 52 "`i32`, bool.";
    REQ_RELAXED = 53 "`i32`, bool.";
    CONFLATE = 54 "`i32`, bool.";
    ZAP_DOMAIN = 55 "String.";
    ROUTER_HANDOVER = 56 "`i32`, bool.";
    TOS = 57 "`i32`.";
    IPC_FILTER_PID = 58 "`i32` process or none; deprecated.";
    IPC_FILTER_UID = 59 "`i32` user or none; deprecated.";
    IPC_FILTER_GID = 60 "`i32` group or none; deprecated.";
    CONNECT_ROUTING_ID = 61 "Bytes: names the next outgoing connection.";
    GSSAPI_SERVER = 62 "`i32`, bool.";
    GSSAPI_PRINCIPAL = 63 "String.";
    GSSAPI_SERVICE_PRINCIPAL = 64 "String.";
    GSSAPI_PLAINTEXT = 65 "`i32`, bool.";
    HANDSHAKE_IVL = 66 "`i32`, ms; 0 no limit.";
    SOCKS_PROXY = 68 "String, `host:port`, or none.";
    XPUB_NODROP = 69 "`i32`, bool.";
    XPUB_MANUAL = 71 "`i32`, bool.";
    XPUB_WELCOME_MSG = 72 "Bytes.";
    STREAM_NOTIFY = 73 "`i32`, bool.";
    INVERT_MATCHING = 74 "`i32`, bool.";
    HEARTBEAT_IVL = 75 "`i32`, ms; 0 off.";
    HEARTBEAT_TTL = 76 "`i32`, ms, sent to the peer in tenths of a second.";
    HEARTBEAT_TIMEOUT = 77 "`i32`, ms; -1 same as the interval.";
    XPUB_VERBOSER = 78 "`i32`, bool.";
    CONNECT_TIMEOUT = 79 "`i32`, ms; 0 the system's.";
    TCP_MAXRT = 80 "`i32`, ms; 0 the system's.";
    THREAD_SAFE = 81 "`i32`, read only, bool.";
    MULTICAST_MAXTPDU = 84 "`i32`, bytes.";
    VMCI_BUFFER_SIZE = 85 "`u64`, bytes.";
    VMCI_BUFFER_MIN_SIZE = 86 "`u64`, bytes.";
    VMCI_BUFFER_MAX_SIZE = 87 "`u64`, bytes.";
    VMCI_CONNECT_TIMEOUT = 88 "`i32`, ms.";
    USE_FD = 89 "File descriptor of a listening socket.";
    GSSAPI_PRINCIPAL_NAMETYPE = 90 "`i32`: 0 host-based, 1 user, 2 Kerberos.";
    GSSAPI_SERVICE_PRINCIPAL_NAMETYPE = 91 "`i32`: 0 host-based, 1 user, 2 Kerberos.";
    BINDTODEVICE = 92 "String: an interface.";
    ZAP_ENFORCE_DOMAIN = 93 "`i32`, bool; draft.";
    LOOPBACK_FASTPATH = 94 "`i32`, bool; draft, Windows.";
    METADATA = 95 "String, `X-name:value`; draft.";
    MULTICAST_LOOP = 96 "`i32`, bool; draft.";
    ROUTER_NOTIFY = 97 "`i32` mask: 1 connect, 2 disconnect; draft.";
    XPUB_MANUAL_LAST_VALUE = 98 "`i32`, bool; draft.";
    SOCKS_USERNAME = 99 "String; draft.";
    SOCKS_PASSWORD = 100 "String; draft.";
    IN_BATCH_SIZE = 101 "`i32`, bytes; draft.";
    OUT_BATCH_SIZE = 102 "`i32`, bytes; draft.";
    WSS_KEY_PEM = 103 "String; draft. This build has no wss.";
    WSS_CERT_PEM = 104 "String; draft. This build has no wss.";
    WSS_TRUST_PEM = 105 "String; draft. This build has no wss.";
    WSS_HOSTNAME = 106 "String; draft. This build has no wss.";
    WSS_TRUST_SYSTEM = 107 "`i32`, bool; draft. This build has no wss.";
    ONLY_FIRST_SUBSCRIBE = 108 "`i32`, bool; draft.";
    RECONNECT_STOP = 109 "`i32` mask: 1 refused, 2 handshake failed, 4 after disconnect; draft.";
    HELLO_MSG = 110 "Bytes; draft.";
    DISCONNECT_MSG = 111 "Bytes; draft.";
    PRIORITY = 112 "`i32`; draft.";
    BUSY_POLL = 113 "`i32`, microseconds; draft.";
    HICCUP_MSG = 114 "Bytes; draft.";
    XSUB_VERBOSE_UNSUBSCRIBE = 115 "`i32`, bool; draft.";
    TOPICS_COUNT = 116 "`i32`, read only; draft.";
    NORM_MODE = 117 "`i32`, 0 to 4; draft. This build has no norm.";
    NORM_UNICAST_NACK = 118 "`i32`, bool; draft. This build has no norm.";
    NORM_BUFFER_SIZE = 119 "`i32`, KiB; draft. This build has no norm.";
    NORM_SEGMENT_SIZE = 120 "`i32`, bytes; draft. This build has no norm.";
    NORM_BLOCK_SIZE = 121 "`i32`, 1 to 255; draft. This build has no norm.";
    NORM_NUM_PARITY = 122 "`i32`, 0 to 254; draft. This build has no norm.";
    NORM_NUM_AUTOPARITY = 123 "`i32`, 0 to 254; draft. This build has no norm.";
    NORM_PUSH = 124 "`i32`, bool; draft. This build has no norm.";
}

options! { ContextOpt:
    IO_THREADS = 1 "Threads; 0 is enough for inproc.";
    MAX_SOCKETS = 2 "Sockets.";
    THREAD_PRIORITY = 3 "Write only. For reading, the same number is the maximum number of sockets.";
    THREAD_SCHED_POLICY = 4 "A scheduling policy of the system.";
    MAX_MSGSZ = 5 "Bytes; stored but never enforced.";
    MSG_T_SIZE = 6 "Read only.";
    THREAD_AFFINITY_CPU_ADD = 7 "A CPU.";
    THREAD_AFFINITY_CPU_REMOVE = 8 "A CPU.";
    THREAD_NAME_PREFIX = 9 "A number.";
    ZERO_COPY_RECV = 10 "Bool; draft.";
    IPV6 = 42 "Bool: the default of new sockets.";
    BLOCKY = 70 "Bool: whether new sockets linger without end. Sockets of this crate never do.";
}
