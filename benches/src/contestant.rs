//! The contestants.

use std::convert::Infallible;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use crate::order::{Order, Role};
use crate::process::{Failure, prepare};
use crate::{floor, holder, libzmq, ours};

/// An implementation that plays roles in its own processes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contestant {
    Ours,
    Libzmq,
    Floor,
    /// Another program that accepts orders.
    Rival {
        name: String,
        program: PathBuf,
    },
}

impl Contestant {
    /// The contestants within this program.
    pub(crate) const BUILT_IN: [Self; 3] = [Self::Ours, Self::Libzmq, Self::Floor];

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Ours => "zeromq-async",
            Self::Libzmq => "libzmq",
            Self::Floor => "bare sockets",
            Self::Rival { name, .. } => name,
        }
    }

    /// The command for an order.
    pub(crate) fn command(&self, order: &Order) -> Result<Command, Failure> {
        let mut command = match self {
            Self::Rival { program, .. } => Command::new(program),
            _ => {
                let mut command = Command::new(env::current_exe().map_err(Failure::new)?);
                command.args(["role", self.name()]);
                command
            }
        };
        command.args(order.arguments());
        Ok(command)
    }

    /// Plays a role in this process, for `versus role …`.
    pub(crate) fn play(mut arguments: impl Iterator<Item = String>) -> Result<Infallible, Failure> {
        let name = arguments.next().unwrap_or_default();
        let contestant = Self::BUILT_IN
            .into_iter()
            .find(|contestant| contestant.name() == name)
            .ok_or_else(|| Failure::new(format!("there is no contestant {name:?}")))?;
        let order = Order::parse(arguments)?;
        prepare(&order)?;
        match (contestant, order.role) {
            (_, Role::Hold | Role::HoldUsed) => holder::play(&order),
            (Self::Libzmq, _) => libzmq::play(&order),
            (Self::Floor, _) => floor::play(order),
            _ => ours::play(order),
        }
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
