//! NULL: both sides send READY without waiting for each other.

use super::ready::AwaitReady;
use super::{HandshakeContext, Mechanism, PendingAuthentication, Result, Step};
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::wire::{Command, MechanismName};

/// No security: for networks where every peer is trusted (37/ZMTP, "The NULL Security Mechanism").
///
/// A peer without credentials can still be authenticated by its address: see
/// [`ConnectionConfig::authenticate_null`](crate::ConnectionConfig::authenticate_null). READY is
/// then sent after the decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Null;

impl Mechanism for Null {
    fn name(&self) -> MechanismName {
        MechanismName::NULL
    }

    fn is_server(&self) -> bool {
        false
    }

    fn start(&self, context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        let authenticate = context.authenticate_null;
        let pending = Box::new(AwaitDecision(context));
        if !authenticate {
            return pending.allow(output);
        }
        let request = AuthenticationRequest::new(MechanismName::NULL, Credentials::None);
        Ok(Step::Ask(request, pending))
    }
}

#[derive(Debug)]
struct AwaitDecision(HandshakeContext);

impl PendingAuthentication for AwaitDecision {
    fn allow(self: Box<Self>, output: &mut Batch) -> Result<Step> {
        output.push_command(&Command::Ready { data: self.0.metadata.clone() });
        Step::wait(AwaitReady(self.0))
    }
}
