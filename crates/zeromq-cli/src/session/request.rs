//! Requests, each with its reply before the next.

use super::{Inlet, Outlet, Printer};
use crate::exit::Failure;
use crate::input::Input;

/// Makes exchanges until the input ends or there have been enough.
pub(super) async fn run(
    mut input: Input,
    mut outlet: Outlet,
    mut inlet: Inlet,
    mut printer: Printer,
) -> Result<(), Failure> {
    while let Some(request) = input.next().await? {
        outlet.send(request).await?;
        input.sent();
        if printer.print(&inlet.recv().await?)?.is_break() {
            break;
        }
    }
    Ok(())
}
