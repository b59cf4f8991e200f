//! IP networks in CIDR notation.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// An IP network such as `10.0.0.0/8` or `2001:db8::/32`, or a single address.
///
/// An IPv4-mapped IPv6 address or network (`::ffff:10.0.0.0/104`) equals its IPv4 form.
///
/// ```
/// use zeromq_auth::IpNetwork;
///
/// let network: IpNetwork = "10.0.0.0/8".parse()?;
/// assert!(network.contains([10, 1, 2, 3].into()));
/// assert!(!network.contains([11, 1, 2, 3].into()));
/// assert_eq!("10.0.0.1".parse::<IpNetwork>()?.to_string(), "10.0.0.1/32");
///
/// let error = "10.1.2.3/8".parse::<IpNetwork>().unwrap_err();
/// assert!(error.to_string().contains("write 10.0.0.0/8"));
/// # Ok::<(), zeromq_auth::IpNetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNetwork(IpNet);

/// Text is not an IP network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IpNetworkError {
    /// The part before the slash is not an IP address.
    #[error(
        "{network:?} is not an IP address or network; write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32"
    )]
    InvalidAddress {
        /// The text given.
        network: String,
    },

    /// The part after the slash is not a prefix length.
    #[error("{network:?}: the prefix length after the slash must be a number from 0 to {max}")]
    InvalidPrefix {
        /// The text given.
        network: String,
        /// The number of bits of the address.
        max: u32,
    },

    /// The address has bits set beyond the prefix.
    #[error(
        "{network:?} is an address within a network; write {meant} for the network, or the address \
         without a prefix length"
    )]
    BitsBeyondPrefix {
        /// The text given.
        network: String,
        /// The network of the address.
        meant: IpNetwork,
    },
}

impl IpNetwork {
    /// Whether the network contains an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The IPv4 form of an IPv4-mapped network; any other network as it is.
    fn canonical(network: IpNet) -> Self {
        let mapped = |network: IpNet| match (network.addr().to_canonical(), network.prefix_len()) {
            (IpAddr::V4(address), bits @ 96..) => Ipv4Net::new(address, bits - 96).ok(),
            _ => None,
        };
        Self(mapped(network).map_or(network, IpNet::V4))
    }
}

impl From<IpAddr> for IpNetwork {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl FromStr for IpNetwork {
    type Err = IpNetworkError;

    fn from_str(text: &str) -> Result<Self, IpNetworkError> {
        let network = text.to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(IpNetworkError::InvalidAddress { network });
        };
        let Some(prefix) = prefix else { return Ok(address.into()) };
        // `u8::from_str` takes a plus sign.
        let bits = if prefix.starts_with('+') { None } else { prefix.parse().ok() };
        let Some(given) = bits.and_then(|bits| IpNet::new(address, bits).ok()) else {
            let max = if address.is_ipv4() { 32 } else { 128 };
            return Err(IpNetworkError::InvalidPrefix { network, max });
        };
        let meant = Self::canonical(given.trunc());
        match given == given.trunc() {
            true => Ok(meant),
            false => Err(IpNetworkError::BitsBeyondPrefix { network, meant }),
        }
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<IpNetwork>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn network_contains_addresses_by_prefix() {
        assert!(contains("10.0.0.0/8", "10.255.255.255") && !contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("10.0.0.0/9", "10.127.0.1") && !contains("10.0.0.0/9", "10.128.0.1"));
        assert!(contains("10.0.0.1", "10.0.0.1") && !contains("10.0.0.1/32", "10.0.0.2"));
        assert!(contains("0.0.0.0/0", "255.1.2.3") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("2001:db8::/33", "2001:db8:7fff::") && !contains("::1", "::2"));
        assert!(!contains("2001:db8::/33", "2001:db8:8000::"));
        assert!(contains("::/0", "ffff::1") && !contains("::/0", "10.0.0.1"));
    }

    #[test]
    fn mapped_ipv4_address_is_ipv4() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(contains("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(!contains("::/0", "::ffff:10.1.2.3"));
        let network: IpNetwork = "::ffff:10.0.0.0/104".parse().unwrap();
        assert_eq!(network.to_string(), "10.0.0.0/8");
    }

    #[test]
    fn invalid_network_is_rejected_with_reason() {
        let error = |text: &str| text.parse::<IpNetwork>().unwrap_err();
        for text in ["", "/8", "10.0.0", "10.0.0.0.0/8", "localhost", "10.0.0.0 /8", "[::1]"] {
            assert!(matches!(error(text), IpNetworkError::InvalidAddress { .. }), "{text}");
        }
        for text in ["10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "::/0x1", "1.2.3.4/ 8"] {
            assert!(matches!(error(text), IpNetworkError::InvalidPrefix { .. }), "{text}");
        }
        for (text, meant) in [
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
        ] {
            assert!(error(text).to_string().contains(meant), "{}", error(text));
        }
    }
}
