//! Certificates for tls, wss and quic endpoints.

use std::path::Path;

use zeromq_async::Context;
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsConfigError, TlsRoots, TlsServer};

use crate::arguments::TlsArguments;
use crate::endpoints::Attachment;
use crate::failure::Failure;

/// A context with the certificates of the options, for sockets with these endpoints.
pub(crate) fn context<'a>(
    arguments: &TlsArguments,
    attachments: impl IntoIterator<Item = &'a Attachment>,
) -> Result<Context, Failure> {
    let certificate = certificate(arguments)?;
    if certificate.is_none() {
        attachments.into_iter().try_for_each(check_without_certificate)?;
    }
    let mut client = TlsClient::new();
    if let Some(roots) = roots("--tls-ca", arguments.tls_ca.as_deref())? {
        client = client.roots(roots);
    }
    let mut context = Context::builder();
    if let Some(certificate) = certificate {
        client = client.certificate(certificate.clone());
        context = context.tls_server(server(certificate, arguments)?);
    }
    Ok(context.tls_client(client).build())
}

fn certificate(arguments: &TlsArguments) -> Result<Option<TlsCertificate>, Failure> {
    let TlsArguments { tls_cert: Some(certificate), tls_key: Some(key), .. } = arguments else {
        return Ok(None);
    };
    let read = TlsCertificate::from_pem_files(certificate, key);
    read.map(Some).map_err(|error| Failure::about("--tls-cert and --tls-key", error))
}

fn server(certificate: TlsCertificate, arguments: &TlsArguments) -> Result<TlsServer, Failure> {
    let server = TlsServer::new(certificate);
    Ok(match roots("--tls-client-ca", arguments.tls_client_ca.as_deref())? {
        Some(roots) => server.require_client_certificates(roots),
        None => server,
    })
}

fn roots(option: &str, file: Option<&Path>) -> Result<Option<TlsRoots>, Failure> {
    let read: Result<_, TlsConfigError> = file.map(TlsRoots::from_pem_file).transpose();
    read.map_err(|error| Failure::about(option, error))
}

/// A server cannot do without a certificate.
fn check_without_certificate(attachment: &Attachment) -> Result<(), Failure> {
    match attachment {
        Attachment::Bind(endpoint) if is_encrypted(endpoint) => {
            Err(Failure::about(endpoint, "a server needs --tls-cert and --tls-key"))
        }
        _ => Ok(()),
    }
}

fn is_encrypted(endpoint: &str) -> bool {
    ["tls://", "wss://", "quic://"].iter().any(|scheme| endpoint.starts_with(scheme))
}
