//! A place in a line, held by the future that sends.
//!
//! To a `Sink`, a send that is given up looks like one that is not polled for a while. So a layer
//! that has only so many places leaves what it reserves with the future of
//! [`SendExt`](super::SendExt) whose poll this is, and it is given back when that is dropped.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::line::{Line, Ticket};

thread_local! {
    /// Those of the future that is being polled; `None` where a `Sink` is polled by hand.
    static HELD: Cell<Option<Places>> = const { Cell::new(None) };
}

/// The places that one future holds or waits for, seldom more than one.
#[derive(Debug, Default)]
pub(super) struct Places(Option<Box<Place>>);

#[derive(Debug)]
struct Place {
    line: Arc<Line>,
    ticket: Ticket,
    taken: bool,
    next: Places,
}

impl Places {
    /// Polls for the future that these belong to.
    #[inline]
    pub(super) fn within<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        let before = swap(Some(std::mem::take(self)));
        let _lent = Lent { places: self, before };
        poll()
    }

    fn poll_take(&mut self, line: &Arc<Line>, cx: &Context<'_>) -> Poll<()> {
        let place = self.place(line);
        if !place.taken {
            place.taken = line.poll_take(cx, &mut place.ticket, true).is_ready();
        }
        if place.taken { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The place in this line, made where there is none.
    fn place(&mut self, line: &Arc<Line>) -> &mut Place {
        let is_here = self.0.as_ref().is_some_and(|place| Arc::ptr_eq(&place.line, line));
        let is_elsewhere = self.0.is_some() && !is_here;
        let place = self.0.get_or_insert_with(|| Box::new(Place::new(line)));
        if is_elsewhere { place.next.place(line) } else { place }
    }

    fn remove(&mut self, line: &Arc<Line>) -> Option<Box<Place>> {
        let mut place = self.0.take()?;
        if Arc::ptr_eq(&place.line, line) {
            *self = std::mem::take(&mut place.next);
            return Some(place);
        }
        let removed = place.next.remove(line);
        self.0 = Some(place);
        removed
    }
}

/// Takes a place for the future that is polled. By hand, waits until one is free and takes none.
pub(super) fn poll_take(line: &Arc<Line>, by_hand: &mut Ticket, cx: &Context<'_>) -> Poll<()> {
    let Some(mut places) = swap(None) else { return line.poll_free(cx, by_hand) };
    line.leave(by_hand);
    let taken = places.poll_take(line, cx);
    swap(Some(places));
    taken
}

/// Gives back what the future that is polled has taken.
pub(super) fn give_back(line: &Arc<Line>) {
    drop(remove(line));
}

/// Uses the place that the future has taken, or a free one, or one more than there are: what has
/// been found ready may be sent.
pub(super) fn spend(line: &Arc<Line>) {
    match remove(line) {
        Some(mut place) if place.taken => place.taken = false,
        _ => line.take(),
    }
}

fn remove(line: &Arc<Line>) -> Option<Box<Place>> {
    let mut places = swap(None)?;
    let removed = places.remove(line);
    swap(Some(places));
    removed
}

/// While a thread ends there is nothing to hold places for.
#[inline]
fn swap(places: Option<Places>) -> Option<Places> {
    HELD.try_with(|held| held.replace(places)).ok().flatten()
}

/// Gives the places back to their future, however the poll ends.
struct Lent<'a> {
    places: &'a mut Places,
    before: Option<Places>,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        *self.places = swap(self.before.take()).unwrap_or_default();
    }
}

impl Place {
    fn new(line: &Arc<Line>) -> Self {
        Self { line: line.clone(), ticket: None, taken: false, next: Places::default() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.taken {
            self.line.give_back(1);
        } else {
            self.line.leave(&mut self.ticket);
        }
    }
}
