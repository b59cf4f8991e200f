//! Networks of IP addresses, in the notation of CIDR.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network of IP addresses, such as `10.0.0.0/8` or `2001:db8::/32`, or one address.
///
/// IPv4 addresses and networks in the notation of IPv6 (`::ffff:10.0.0.0/104`) are the same as those
/// they stand for.
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
/// assert!(error.to_string().contains("10.0.0.0/8"));
/// # Ok::<(), zeromq_auth::IpNetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u32,
}

/// Text is not a network of IP addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IpNetworkError {
    /// No address in front of the slash.
    #[error("{network:?} is no IP address or network; write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32")]
    InvalidAddress {
        /// The text given.
        network: String,
    },

    /// Behind the slash is no number of bits that the address has.
    #[error("{network:?}: behind the slash belongs a number of bits up to {most}")]
    InvalidPrefix {
        /// The text given.
        network: String,
        /// The bits that the address has.
        most: u32,
    },

    /// The address has bits beyond those that the prefix covers.
    #[error("{network:?} is an address within a network; write {meant}, or the address alone")]
    BitsBeyondPrefix {
        /// The text given.
        network: String,
        /// The network that the address is in.
        meant: IpNetwork,
    },
}

impl IpNetwork {
    /// Whether an address is in the network.
    ///
    /// ```
    /// use zeromq_auth::IpNetwork;
    ///
    /// let network: IpNetwork = "2001:db8::/32".parse()?;
    /// assert!(network.contains("2001:db8::7".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && truncate(address, self.prefix) == self.address
    }
}

impl From<IpAddr> for IpNetwork {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: bits(address) }
    }
}

impl FromStr for IpNetwork {
    type Err = IpNetworkError;

    fn from_str(text: &str) -> Result<Self, IpNetworkError> {
        let network = || text.to_owned();
        let (given, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let given: IpAddr =
            given.parse().map_err(|_| IpNetworkError::InvalidAddress { network: network() })?;
        let most = bits(given);
        let invalid = || IpNetworkError::InvalidPrefix { network: network(), most };
        let prefix = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().ok().filter(|bits| *bits <= most).ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
        };
        let address = truncate(given, prefix);
        let canonical = match (address.to_canonical(), prefix.checked_sub(MAPPED_PREFIX)) {
            (IpAddr::V4(inner), Some(prefix)) if given.is_ipv6() => {
                Self { address: inner.into(), prefix }
            }
            _ => Self { address, prefix },
        };
        if address == given {
            Ok(canonical)
        } else {
            Err(IpNetworkError::BitsBeyondPrefix { network: network(), meant: canonical })
        }
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Bits of `::ffff:`, in front of an IPv4 address in IPv6 notation.
const MAPPED_PREFIX: u32 = 96;

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with nothing but its first bits.
fn truncate(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
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
