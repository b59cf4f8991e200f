//! Who is let in by where the peer is.

use std::future::{Future, ready};
use std::net::IpAddr;
use std::pin::Pin;

use zeromq_async::security::{Decision, DenyStatus};

mod network;

pub use network::{IpNetwork, IpNetworkError};
use zeromq_async::PeerAddress;
use zeromq_async::security::{Attempt, Authenticator};

/// Lets peers in or not by their addresses: the first rule that fits decides, and the default where
/// none does (`ZMQ_TCP_ACCEPT_FILTER`, `ZMQ_IPC_FILTER_UID`, `ZMQ_IPC_FILTER_GID`,
/// `ZMQ_IPC_FILTER_PID`).
///
/// As an authenticator they decide in the handshake, and the peer is told;
/// [`accept_filter`](zeromq_async::SocketBuilder::accept_filter) closes connections before it, as libzmq
/// does.
///
/// An IPv4 address that comes as an IPv6 one (`::ffff:10.0.0.1`, as on a socket bound to both) is
/// taken for what it is. Peers over ipc fit rules about ipc and no others: where the default is to
/// deny, a rule has to let them in. Peers over inproc are within the process, and no authenticator is
/// asked about them.
///
/// An address says where a peer is, and on the open internet not even that much of who it is: put
/// it in front of keys or passwords with [`and`](super::AuthenticatorExt::and).
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
    rules: Vec<(PeerRange, Verdict)>,
    by_default: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
}

/// Peers that an address rule is about.
///
/// ```
/// use zeromq_auth::PeerRange;
///
/// let office: PeerRange = "192.168.7.0/24".parse()?;
/// let one: PeerRange = "2001:db8::1".parse()?;
/// assert_eq!(PeerRange::from(std::net::IpAddr::from([10, 0, 0, 1])), "10.0.0.1/32".parse()?);
/// # let _ = (office, one);
/// # Ok::<(), zeromq_auth::IpNetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerRange {
    /// Peers over tcp whose address is in this network.
    Network(IpNetwork),
    /// Every peer over ipc.
    Ipc,
    /// Peers over ipc whose process runs as this user.
    IpcUser(u32),
    /// Peers over ipc whose process runs as this group. Other groups of the user do not count.
    IpcGroup(u32),
    /// The process with this id, over ipc, where the system tells it.
    IpcProcess(i32),
}

impl AddressRules {
    /// Rules that let in nobody but whom they name.
    ///
    /// ```
    /// use zeromq_auth::{AddressRules, PeerRange};
    ///
    /// let rules = AddressRules::deny_by_default().allow("10.0.0.0/8".parse::<PeerRange>()?);
    /// # drop(rules);
    /// # Ok::<(), zeromq_auth::IpNetworkError>(())
    /// ```
    pub fn deny_by_default() -> Self {
        Self { rules: Vec::new(), by_default: Verdict::Deny }
    }

    /// Rules that let in everybody but whom they name.
    ///
    /// ```
    /// use zeromq_auth::{AddressRules, PeerRange};
    ///
    /// let rules = AddressRules::allow_by_default().deny("10.6.6.6".parse::<PeerRange>()?);
    /// # drop(rules);
    /// # Ok::<(), zeromq_auth::IpNetworkError>(())
    /// ```
    pub fn allow_by_default() -> Self {
        Self { rules: Vec::new(), by_default: Verdict::Allow }
    }

    /// Lets these peers in, unless an earlier rule is about them.
    ///
    /// ```
    /// use zeromq_auth::{AddressRules, PeerRange};
    ///
    /// let rules = AddressRules::deny_by_default().allow(PeerRange::IpcUser(1000));
    /// # drop(rules);
    /// ```
    #[must_use]
    pub fn allow(self, peers: impl Into<PeerRange>) -> Self {
        self.with(peers.into(), Verdict::Allow)
    }

    /// Keeps these peers out, unless an earlier rule is about them.
    ///
    /// ```
    /// use zeromq_auth::{AddressRules, PeerRange};
    ///
    /// let rules = AddressRules::allow_by_default().deny(PeerRange::Ipc);
    /// # drop(rules);
    /// ```
    #[must_use]
    pub fn deny(self, peers: impl Into<PeerRange>) -> Self {
        self.with(peers.into(), Verdict::Deny)
    }

    fn with(mut self, peers: PeerRange, verdict: Verdict) -> Self {
        self.rules.push((peers, verdict));
        self
    }

    /// Whether a peer with this address gets in.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::{AddressRules, PeerRange};
    ///
    /// let office = AddressRules::deny_by_default().allow("192.168.7.0/24".parse::<PeerRange>()?);
    /// let rep = RepSocket::builder().accept_filter(move |peer| office.lets_in(peer)).build();
    /// # drop(rep);
    /// # Ok::<(), zeromq_auth::IpNetworkError>(())
    /// ```
    pub fn lets_in(&self, address: &PeerAddress) -> bool {
        self.verdict(address) == Verdict::Allow
    }

    fn verdict(&self, address: &PeerAddress) -> Verdict {
        let rule = self.rules.iter().find(|(peers, _)| peers.contains(address));
        rule.map_or(self.by_default, |(_, verdict)| *verdict)
    }
}

impl Authenticator for AddressRules {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(ready(match self.verdict(&attempt.address) {
            Verdict::Allow => Decision::allow(),
            Verdict::Deny => attempt.deny(
                DenyStatus::AuthenticationFailure,
                format!("the address rules keep {} out", attempt.address),
            ),
        }))
    }
}

impl PeerRange {
    fn contains(&self, address: &PeerAddress) -> bool {
        match (self, address) {
            (Self::Network(network), PeerAddress::Tcp(address)) => network.contains(address.ip()),
            (Self::Ipc, PeerAddress::Ipc { .. }) => true,
            (Self::IpcUser(known), PeerAddress::Ipc { user_id, .. }) => known == user_id,
            (Self::IpcGroup(known), PeerAddress::Ipc { group_id, .. }) => known == group_id,
            (Self::IpcProcess(known), PeerAddress::Ipc { process_id, .. }) => {
                process_id.as_ref() == Some(known)
            }
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

    /// Reads a network or an address.
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
        let allowed = |address| rules.verdict(&peer(address)) == Verdict::Allow;
        assert!(allowed("10.0.0.7:1") && !allowed("10.0.0.8:1"));
        assert!(allowed("10.0.1.8:1") && !allowed("11.0.0.1:1"));
        // The same addresses, from a socket that is bound to IPv6 as well.
        assert!(allowed("[::ffff:10.0.0.7]:1") && !allowed("[::ffff:10.0.0.8]:1"));
        assert!(!allowed("[::1]:1"));
    }

    #[test]
    fn zero_prefix_matches_only_its_family() {
        let rules = AddressRules::allow_by_default().deny(range("0.0.0.0/0"));
        assert_eq!(rules.verdict(&peer("1.2.3.4:1")), Verdict::Deny);
        assert_eq!(rules.verdict(&peer("[::ffff:1.2.3.4]:1")), Verdict::Deny);
        assert_eq!(rules.verdict(&peer("[2001:db8::1]:1")), Verdict::Allow);
        let rules = AddressRules::allow_by_default().deny(range("::/0"));
        assert_eq!(rules.verdict(&peer("[2001:db8::1]:1")), Verdict::Deny);
        assert_eq!(rules.verdict(&peer("[::ffff:1.2.3.4]:1")), Verdict::Allow);
    }

    #[test]
    fn ipc_peers_match_by_user_and_group() {
        let ipc = PeerAddress::Ipc { user_id: 7, group_id: 8, process_id: None };
        let verdict = |rules: AddressRules| rules.verdict(&ipc);
        let nobody = AddressRules::deny_by_default();
        assert_eq!(verdict(nobody.clone().allow(range("::/0"))), Verdict::Deny);
        assert_eq!(verdict(nobody.clone().allow(PeerRange::IpcUser(8))), Verdict::Deny);
        for range in [PeerRange::Ipc, PeerRange::IpcUser(7), PeerRange::IpcGroup(8)] {
            assert_eq!(verdict(nobody.clone().allow(range)), Verdict::Allow);
        }
    }
}
