//! Access by network address.

use std::future::ready;
use std::net::IpAddr;

use futures_util::future::BoxFuture;
use zeromq_async::PeerAddress;
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};

use crate::ip_network::{IpNetwork, IpNetworkError};

/// Allows or denies peers by their addresses (`ZMQ_TCP_ACCEPT_FILTER`, `ZMQ_IPC_FILTER_UID`,
/// `ZMQ_IPC_FILTER_GID`, `ZMQ_IPC_FILTER_PID`).
///
/// The first rule that matches a peer decides. The default decides if no rule matches.
///
/// Used as an authenticator, the rules decide during the handshake and the peer learns that it was
/// denied. Used in [`accept_filter`](zeromq_async::SocketBuilder::accept_filter), they close a
/// connection before the handshake, as libzmq does.
///
/// * An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`), as on a dual-stack socket, matches as IPv4.
/// * Only the ipc ranges match peers over ipc.
/// * Peers over inproc are never authenticated.
///
/// An address does not prove an identity. Combine the rules with keys or passwords, see
/// [`and`](crate::AuthenticatorExt::and).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::{AddressRules, PeerRange};
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let rules = AddressRules::deny_by_default()
///     .deny("10.6.6.0/24".parse::<PeerRange>()?)
///     .allow("10.0.0.0/8".parse::<PeerRange>()?)
///     .allow("127.0.0.1".parse::<PeerRange>()?)
///     .allow(PeerRange::Ipc);
/// let mut server = RepSocket::builder().null_server(rules).build();
/// let mut client = ReqSocket::new();
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("from here").await?;
/// assert_eq!(server.recv().await?, "from here");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct AddressRules {
    rules: Vec<Rule>,
    allow_by_default: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    peers: PeerRange,
    allow: bool,
}

/// The peers that an address rule matches.
///
/// ```
/// use zeromq_auth::PeerRange;
///
/// let address = PeerRange::from(std::net::IpAddr::from([10, 0, 0, 1]));
/// assert_eq!("10.0.0.1".parse(), Ok(address));
/// assert_eq!("10.0.0.1/32".parse(), Ok(address));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerRange {
    /// Peers over tcp with an address in this network.
    Network(IpNetwork),
    /// All peers over ipc.
    Ipc,
    /// Peers over ipc with this user id.
    IpcUser(u32),
    /// Peers over ipc with this primary group id. Supplementary groups do not match.
    IpcGroup(u32),
    /// The peer over ipc with this process id. Matches only where the system reports process ids.
    IpcProcess(i32),
}

impl AddressRules {
    /// Denies all peers that no rule allows.
    pub fn deny_by_default() -> Self {
        Self { rules: Vec::new(), allow_by_default: false }
    }

    /// Allows all peers that no rule denies.
    pub fn allow_by_default() -> Self {
        Self { rules: Vec::new(), allow_by_default: true }
    }

    /// Adds a rule that allows these peers. Earlier rules take precedence.
    #[must_use]
    pub fn allow(self, peers: impl Into<PeerRange>) -> Self {
        self.with(Rule { peers: peers.into(), allow: true })
    }

    /// Adds a rule that denies these peers. Earlier rules take precedence.
    #[must_use]
    pub fn deny(self, peers: impl Into<PeerRange>) -> Self {
        self.with(Rule { peers: peers.into(), allow: false })
    }

    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Whether the rules allow a peer with this address.
    pub fn allows(&self, address: &PeerAddress) -> bool {
        let rule = self.rules.iter().find(|rule| rule.peers.contains(address));
        rule.map_or(self.allow_by_default, |rule| rule.allow)
    }
}

impl Authenticator for AddressRules {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        Box::pin(ready(if self.allows(&attempt.address) {
            Decision::allow()
        } else {
            let reason = format!("the address rules deny {}", attempt.address);
            attempt.deny(DenyStatus::AuthenticationFailure, reason)
        }))
    }
}

impl PeerRange {
    fn contains(&self, address: &PeerAddress) -> bool {
        match (self, address) {
            (Self::Network(network), PeerAddress::Tcp(address)) => network.contains(address.ip()),
            (Self::Ipc, PeerAddress::Ipc { .. }) => true,
            (Self::IpcUser(id), PeerAddress::Ipc { user_id, .. }) => id == user_id,
            (Self::IpcGroup(id), PeerAddress::Ipc { group_id, .. }) => id == group_id,
            (Self::IpcProcess(id), PeerAddress::Ipc { process_id, .. }) => *process_id == Some(*id),
            _ => false,
        }
    }
}

impl From<IpNetwork> for PeerRange {
    fn from(network: IpNetwork) -> Self {
        Self::Network(network)
    }
}

impl From<IpAddr> for PeerRange {
    fn from(address: IpAddr) -> Self {
        Self::Network(address.into())
    }
}

impl std::str::FromStr for PeerRange {
    type Err = IpNetworkError;

    /// Parses an [`IpNetwork`].
    fn from_str(text: &str) -> Result<Self, IpNetworkError> {
        text.parse().map(Self::Network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> PeerAddress {
        PeerAddress::Tcp(address.parse().unwrap())
    }

    fn range(text: &str) -> PeerRange {
        text.parse().unwrap()
    }

    #[test]
    fn first_matching_rule_decides() {
        let rules = AddressRules::deny_by_default()
            .allow(range("10.0.0.7"))
            .deny(range("10.0.0.0/24"))
            .allow(range("10.0.0.0/8"));
        let allowed = |address| rules.allows(&peer(address));
        assert!(allowed("10.0.0.7:1") && !allowed("10.0.0.8:1"));
        assert!(allowed("10.0.1.8:1") && !allowed("11.0.0.1:1"));
        // The same addresses on a dual-stack socket.
        assert!(allowed("[::ffff:10.0.0.7]:1") && !allowed("[::ffff:10.0.0.8]:1"));
        assert!(!allowed("[::1]:1"));
    }

    #[test]
    fn zero_prefix_matches_only_its_family() {
        let rules = AddressRules::allow_by_default().deny(range("0.0.0.0/0"));
        assert!(!rules.allows(&peer("1.2.3.4:1")));
        assert!(!rules.allows(&peer("[::ffff:1.2.3.4]:1")));
        assert!(rules.allows(&peer("[2001:db8::1]:1")));
        let rules = AddressRules::allow_by_default().deny(range("::/0"));
        assert!(!rules.allows(&peer("[2001:db8::1]:1")));
        assert!(rules.allows(&peer("[::ffff:1.2.3.4]:1")));
    }

    #[test]
    fn ipc_peers_match_by_user_and_group() {
        let ipc = PeerAddress::Ipc { user_id: 7, group_id: 8, process_id: None };
        let allowed = |rules: AddressRules| rules.allows(&ipc);
        let denied = AddressRules::deny_by_default();
        assert!(!allowed(denied.clone().allow(range("::/0"))));
        assert!(!allowed(denied.clone().allow(PeerRange::IpcUser(8))));
        for range in [PeerRange::Ipc, PeerRange::IpcUser(7), PeerRange::IpcGroup(8)] {
            assert!(allowed(denied.clone().allow(range)));
        }
    }
}
