//! The functions and constants of `zmq.h` in libzmq 4.3.5 that this crate uses.

use std::ffi::{c_char, c_int, c_void};

/// `zmq_msg_t`. libzmq itself moves it by copying its bytes, so a Rust move is sound.
#[repr(C, align(8))]
pub(crate) struct Msg([u8; 64]);

impl Msg {
    /// Bytes for the `zmq_msg_init` functions to initialise.
    pub(crate) const fn zeroed() -> Self {
        Self([0; 64])
    }
}

pub(crate) const DONTWAIT: c_int = 1;
pub(crate) const SNDMORE: c_int = 2;
pub(crate) const EVENT_ALL: c_int = 0xffff;

unsafe extern "C" {
    pub(crate) fn zmq_errno() -> c_int;
    pub(crate) fn zmq_strerror(errno: c_int) -> *const c_char;
    pub(crate) fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int);
    pub(crate) fn zmq_has(capability: *const c_char) -> c_int;

    pub(crate) fn zmq_ctx_new() -> *mut c_void;
    pub(crate) fn zmq_ctx_set(context: *mut c_void, option: c_int, value: c_int) -> c_int;
    pub(crate) fn zmq_ctx_shutdown(context: *mut c_void) -> c_int;
    pub(crate) fn zmq_ctx_term(context: *mut c_void) -> c_int;

    pub(crate) fn zmq_socket(context: *mut c_void, kind: c_int) -> *mut c_void;
    pub(crate) fn zmq_close(socket: *mut c_void) -> c_int;
    pub(crate) fn zmq_setsockopt(
        socket: *mut c_void,
        option: c_int,
        value: *const c_void,
        len: usize,
    ) -> c_int;
    pub(crate) fn zmq_getsockopt(
        socket: *mut c_void,
        option: c_int,
        value: *mut c_void,
        len: *mut usize,
    ) -> c_int;
    pub(crate) fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    pub(crate) fn zmq_unbind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    pub(crate) fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    pub(crate) fn zmq_connect_peer(socket: *mut c_void, endpoint: *const c_char) -> u32;
    pub(crate) fn zmq_disconnect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    pub(crate) fn zmq_join(socket: *mut c_void, group: *const c_char) -> c_int;
    pub(crate) fn zmq_leave(socket: *mut c_void, group: *const c_char) -> c_int;
    pub(crate) fn zmq_socket_monitor(
        socket: *mut c_void,
        endpoint: *const c_char,
        events: c_int,
    ) -> c_int;

    pub(crate) fn zmq_msg_init(msg: *mut Msg) -> c_int;
    pub(crate) fn zmq_msg_init_size(msg: *mut Msg, size: usize) -> c_int;
    pub(crate) fn zmq_msg_close(msg: *mut Msg) -> c_int;
    pub(crate) fn zmq_msg_data(msg: *mut Msg) -> *mut c_void;
    pub(crate) fn zmq_msg_size(msg: *const Msg) -> usize;
    pub(crate) fn zmq_msg_more(msg: *const Msg) -> c_int;
    pub(crate) fn zmq_msg_gets(msg: *const Msg, property: *const c_char) -> *const c_char;
    pub(crate) fn zmq_msg_routing_id(msg: *mut Msg) -> u32;
    pub(crate) fn zmq_msg_set_routing_id(msg: *mut Msg, routing_id: u32) -> c_int;
    pub(crate) fn zmq_msg_group(msg: *mut Msg) -> *const c_char;
    pub(crate) fn zmq_msg_set_group(msg: *mut Msg, group: *const c_char) -> c_int;
    pub(crate) fn zmq_msg_send(msg: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;
    pub(crate) fn zmq_msg_recv(msg: *mut Msg, socket: *mut c_void, flags: c_int) -> c_int;

    pub(crate) fn zmq_proxy_steerable(
        front: *mut c_void,
        back: *mut c_void,
        capture: *mut c_void,
        control: *mut c_void,
    ) -> c_int;

    pub(crate) fn zmq_curve_keypair(public: *mut c_char, secret: *mut c_char) -> c_int;
    pub(crate) fn zmq_curve_public(public: *mut c_char, secret: *const c_char) -> c_int;
    pub(crate) fn zmq_z85_encode(text: *mut c_char, data: *const u8, len: usize) -> *mut c_char;
    pub(crate) fn zmq_z85_decode(data: *mut u8, text: *const c_char) -> *mut u8;
}
