//! PLAIN, CURVE and ZAP between this library and libzmq.

mod authentication;
mod mechanisms;
mod tampering;
mod zap;
