//! Authentication, encryption and hostile peers.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod advisories;
mod authentication;
#[cfg(any(feature = "curve", feature = "noise"))]
mod custom_mechanism;
mod default_deny;
#[cfg(all(unix, feature = "curve"))]
mod flood;
mod limits;
#[cfg(feature = "noise")]
mod noise;
#[cfg(feature = "curve")]
mod server_key;
#[cfg(all(feature = "curve", feature = "noise"))]
mod tampering;
