//! CURVE keys and Z85, with the functions of libzmq.

use std::ffi::{CStr, c_char};

use crate::error::{Error, check, errno};
use crate::ffi;
use crate::message::c_string;

/// A new pair of CURVE keys in Z85: public, secret.
///
/// # Errors
///
/// libzmq was built without CURVE. This build has CURVE.
pub fn curve_keypair() -> Result<(String, String), Error> {
    let (mut public, mut secret) = ([0; 41], [0; 41]);
    // SAFETY: each buffer has the 41 bytes that zmq_curve_keypair(3) requires.
    check("zmq_curve_keypair", unsafe {
        ffi::zmq_curve_keypair(public.as_mut_ptr(), secret.as_mut_ptr())
    })?;
    Ok((text(&public), text(&secret)))
}

/// The public key of a secret key, both in Z85.
///
/// # Errors
///
/// The key is not 40 characters of Z85.
pub fn curve_public(secret: &str) -> Result<String, Error> {
    let secret = c_string("zmq_curve_public", secret)?;
    let mut public = [0; 41];
    if secret.count_bytes() != 40 {
        return Err(Error::of("zmq_curve_public", errno::EINVAL));
    }
    // SAFETY: the buffer has 41 bytes, and the key has 40 and a NUL. libzmq would overflow its own
    // buffer with a longer key.
    check("zmq_curve_public", unsafe {
        ffi::zmq_curve_public(public.as_mut_ptr(), secret.as_ptr())
    })?;
    Ok(text(&public))
}

/// Encodes bytes as Z85.
///
/// # Errors
///
/// The length is not a multiple of 4.
pub fn z85_encode(bytes: &[u8]) -> Result<String, Error> {
    let mut out: Vec<c_char> = vec![0; bytes.len() / 4 * 5 + 1];
    // SAFETY: `out` has 5 bytes for each 4, and one for the NUL. libzmq checks the length before it
    // writes.
    let written = unsafe { ffi::zmq_z85_encode(out.as_mut_ptr(), bytes.as_ptr(), bytes.len()) };
    if written.is_null() { Err(Error::last("zmq_z85_encode")) } else { Ok(text(&out)) }
}

/// Decodes Z85.
///
/// # Errors
///
/// The length is not a multiple of 5, or a character is not in Z85.
pub fn z85_decode(z85: &str) -> Result<Vec<u8>, Error> {
    let z85 = c_string("zmq_z85_decode", z85)?;
    let mut out = vec![0; z85.count_bytes() / 5 * 4 + 4];
    // SAFETY: `out` has 4 bytes for each 5, and 4 more for a last group that libzmq may write
    // before it rejects it.
    let written = unsafe { ffi::zmq_z85_decode(out.as_mut_ptr(), z85.as_ptr()) };
    if written.is_null() {
        return Err(Error::last("zmq_z85_decode"));
    }
    out.truncate(z85.count_bytes() / 5 * 4);
    Ok(out)
}

fn text(nul_terminated: &[c_char]) -> String {
    // SAFETY: every caller passes a zeroed buffer that is longer than the text that libzmq writes.
    unsafe { CStr::from_ptr(nul_terminated.as_ptr()) }.to_string_lossy().into_owned()
}
