//! Connects through a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use zmtp::Password;

use crate::endpoint::{Host, TcpAddress};
use crate::options::SocksProxy;
use crate::transport::error::invalid_input;

const VERSION: u8 = 5;
const CONNECT: u8 = 1;

/// Authentication methods.
const NO_AUTHENTICATION: u8 = 0;
const USERNAME: u8 = 2;
const NONE_ACCEPTED: u8 = 0xff;

/// Address types.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Lets the proxy behind `stream` connect to `target`, within the limit if there is one. The stream
/// leads to the target from then on.
pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &SocksProxy,
    target: &TcpAddress,
    limit: Option<Duration>,
) -> io::Result<()> {
    let asking = async {
        authenticate(stream, proxy.credentials()).await?;
        request(stream, target).await
    };
    let asked = match limit {
        None => asking.await,
        Some(limit) => timeout(limit, asking).await.unwrap_or_else(|_| {
            let text = format!("it did not answer within the handshake timeout, {limit:?}");
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }),
    };
    asked.map_err(|error| {
        let error_kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => io::ErrorKind::ConnectionAborted,
            kind => kind,
        };
        io::Error::new(error_kind, format!("the SOCKS proxy {}: {error}", proxy.address()))
    })
}

/// Authenticates to the proxy.
async fn authenticate(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    credentials: Option<(&str, &Password)>,
) -> io::Result<()> {
    let methods: &[u8] =
        if credentials.is_some() { &[NO_AUTHENTICATION, USERNAME] } else { &[NO_AUTHENTICATION] };
    stream.write_all(&[&[VERSION], &counted(methods)?[..]].concat()).await?;
    let [version, method] = read(stream).await?;
    if version != VERSION {
        return Err(malformed(format!("answers in version {version} of SOCKS, or not in SOCKS")));
    }
    match (method, credentials) {
        (NO_AUTHENTICATION, _) => Ok(()),
        (USERNAME, Some((username, password))) => {
            const SUBNEGOTIATION: u8 = 1;
            let username = counted(username.as_bytes())?;
            let password = counted(password.expose())?;
            stream.write_all(&[&[SUBNEGOTIATION], &username[..], &password].concat()).await?;
            match read(stream).await? {
                [_, 0] => Ok(()),
                _ => Err(denied("did not accept the username and password")),
            }
        }
        (NONE_ACCEPTED, None) => Err(denied("wants a username and password")),
        (NONE_ACCEPTED, Some(_)) => Err(denied("wants another authentication than a password")),
        _ => Err(malformed(format!("chose the method {method:#04x}, which was not offered"))),
    }
}

/// Requests the connection, and reads the reply.
async fn request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &TcpAddress,
) -> io::Result<()> {
    let mut request = vec![VERSION, CONNECT, 0];
    match target.host() {
        Host::Ip(IpAddr::V4(ip)) => request.extend([&[IPV4], &ip.octets()[..]].concat()),
        Host::Ip(IpAddr::V6(ip)) | Host::Zoned { address: ip, .. } => {
            request.extend([&[IPV6], &ip.octets()[..]].concat());
        }
        Host::Name(name) => request.extend([&[NAME], &counted(name.as_bytes())?[..]].concat()),
        Host::Any => {
            return Err(invalid_input("`*` cannot be connected to"));
        }
    }
    request.extend(target.port().to_be_bytes());
    stream.write_all(&request).await?;

    let [_, reply, _, kind] = read(stream).await?;
    if reply != 0 {
        return Err(refusal(reply));
    }
    // Skip the address that the proxy connects from.
    let bytes = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(stream.read_u8().await?),
        other => return Err(malformed(format!("has an address of the unknown type {other:#04x}"))),
    };
    stream.read_exact(&mut vec![0; bytes + 2]).await?;
    Ok(())
}

async fn read<const COUNT: usize>(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The bytes, preceded by their count.
fn counted(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let count = u8::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok([&[count], bytes].concat())
}

/// The error of a reply (RFC 1928 §6).
fn refusal(reply: u8) -> io::Error {
    let (kind, text) = match reply {
        1 => (io::ErrorKind::Other, "could not connect"),
        2 => (io::ErrorKind::PermissionDenied, "does not allow the connection"),
        3 => (io::ErrorKind::NetworkUnreachable, "does not reach the network"),
        4 => (io::ErrorKind::HostUnreachable, "does not reach the host"),
        5 => (io::ErrorKind::ConnectionRefused, "was refused the connection"),
        6 => (io::ErrorKind::TimedOut, "found the time to live expired"),
        7 => (io::ErrorKind::Unsupported, "does not connect"),
        8 => (io::ErrorKind::Unsupported, "does not know the type of address"),
        _ => (io::ErrorKind::InvalidData, "gives an unknown reason"),
    };
    io::Error::new(kind, format!("{text} (reply {reply})"))
}

fn denied(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

fn malformed(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
