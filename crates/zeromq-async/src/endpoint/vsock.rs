//! Addresses of `vsock://`: `CID:PORT`.

use std::fmt;

use super::error::EndpointErrorKind;

/// The context id of a virtual machine or its host, and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VsockAddress {
    pub(crate) cid: u32,
    pub(crate) port: u32,
}

/// Every context id, and any free port: `*` or `-1`.
const ANY: u32 = u32::MAX;

/// The host of all virtual machines: `@`.
const HOST: u32 = 2;

impl VsockAddress {
    /// Parses the part after `vsock://`.
    pub(crate) fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        let invalid = |reason| EndpointErrorKind::InvalidHost { host: address.into(), reason };
        let (cid, port) = address
            .split_once(':')
            .ok_or_else(|| invalid("write the context id and the port, as in vsock://3:5555"))?;
        let cid = match cid {
            "@" => Some(HOST),
            cid => number(cid),
        };
        let cid =
            cid.ok_or_else(|| invalid("a context id is a number, * for any, or @ for the host"))?;
        let port =
            number(port).ok_or_else(|| invalid("a port is a number, or * for a free one"))?;
        Ok(Self { cid, port })
    }

    /// Whether it can only be bound.
    pub(crate) fn is_wildcard(self) -> bool {
        self.cid == ANY || self.port == ANY
    }
}

/// A number below 2^32 - 1, which stands for `*` and `-1`.
fn number(text: &str) -> Option<u32> {
    match text {
        "*" | "-1" => Some(ANY),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok().filter(|number| *number != ANY)
        }
        _ => None,
    }
}

impl fmt::Display for VsockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cid {
            ANY => f.write_str("*:")?,
            cid => write!(f, "{cid}:")?,
        }
        match self.port {
            ANY => f.write_str("*"),
            port => write!(f, "{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_libzmq_are_parsed() {
        for (text, cid, port, shown) in [
            ("3:5555", 3, 5555, "3:5555"),
            ("@:5555", 2, 5555, "2:5555"),
            ("*:5555", ANY, 5555, "*:5555"),
            ("-1:-1", ANY, ANY, "*:*"),
            ("1:*", 1, ANY, "1:*"),
            ("0:0", 0, 0, "0:0"),
            ("4294967294:4294967294", ANY - 1, ANY - 1, "4294967294:4294967294"),
        ] {
            let address = VsockAddress::parse(text).unwrap();
            assert_eq!(address, VsockAddress { cid, port }, "{text}");
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.is_wildcard(), cid == ANY || port == ANY, "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["3", "3:", ":5", "x:5", "3:x", "-2:5", "3:+5", "3:4294967295", "3:5:6", "@:@"]
        {
            let error = VsockAddress::parse(text).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
