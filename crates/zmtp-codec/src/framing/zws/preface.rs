//! The HTTP upgrade at the start of a connection.

use bytes::BytesMut;

use super::carrier::carrier;
use super::error::UpgradeError;
use super::key;
use super::profile::Profile;
use super::request::RequestReader;
use super::response::{self, ResponseReader};
use super::role::Role;
use crate::framing::{Preface, Result, Step};
use crate::wire::MechanismName;

/// A client that awaits the response.
#[derive(Debug)]
pub(super) struct ClientPreface {
    reader: ResponseReader,
    /// Makes the keys of masks.
    secret: [u8; 16],
}

impl ClientPreface {
    /// Writes the request.
    pub(super) fn start(
        host: &str,
        path: &str,
        mechanism: MechanismName,
        nonce: [u8; 16],
        secret: [u8; 16],
        output: &mut Vec<u8>,
    ) -> Result<Self, UpgradeError> {
        let is_sent =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sent(host) || !is_sent(path) || !path.starts_with('/') {
            return Err(UpgradeError::InvalidTarget);
        }
        let (key, offered) = (key::encode(nonce), Profile::offered_with(mechanism));
        output.extend_from_slice(&response::request(host, path, &key, &offered));
        Ok(Self { reader: ResponseReader::new(key, mechanism), secret })
    }
}

impl Preface for ClientPreface {
    fn handle(mut self: Box<Self>, input: &mut BytesMut, _: &mut Vec<u8>) -> Result<Step> {
        Ok(match self.reader.read(input)? {
            Some(profile) => Step::Carry(carrier(Role::Client, profile, self.secret)),
            None => Step::Await(self),
        })
    }
}

/// A server that awaits the request.
#[derive(Debug)]
pub(super) struct ServerPreface(RequestReader);

impl ServerPreface {
    pub(super) fn new(path: Option<Box<str>>, mechanism: MechanismName) -> Self {
        Self(RequestReader::new(path, mechanism))
    }
}

impl Preface for ServerPreface {
    fn handle(mut self: Box<Self>, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<Step> {
        match self.0.read(input) {
            Ok(Some(upgrade)) => {
                output.extend_from_slice(&upgrade.to_response());
                Ok(Step::Carry(carrier(Role::Server, upgrade.profile(), [0; 16])))
            }
            Ok(None) => Ok(Step::Await(self)),
            Err(refusal) => {
                output.extend_from_slice(&refusal.to_response());
                Err(UpgradeError::Refused { refusal }.into())
            }
        }
    }
}
