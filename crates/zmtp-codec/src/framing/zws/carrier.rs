//! What follows the upgrade.

use super::profile::Profile;
use super::reader::Reader;
use super::role::Role;
use super::writer::Writer;
use crate::framing::{Carrier, Introduction, SubscriptionForm};
use crate::wire::MechanismName;

/// Carries frames after the upgrade.
pub(super) fn carrier(role: Role, profile: Profile, secret: [u8; 16]) -> Carrier {
    let introduction = match profile {
        Profile::Bare => Introduction::RoutingId,
        Profile::Mechanism(_) => Introduction::Mechanism,
    };
    let mut reader = Reader::new(role.other());
    if role == Role::Client && profile == Profile::Mechanism(MechanismName::NULL) {
        reader = reader.with_bare_server();
    }
    Carrier::new(reader, Writer::new(role, secret), introduction)
        .with_subscriptions(SubscriptionForm::Message)
}
