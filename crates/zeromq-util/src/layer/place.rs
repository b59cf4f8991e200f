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
    pub(super) static POLLED: Cell<Polled> =
        const { Cell::new(Polled { begins: false, by: By::Hand }) };
    /// Those of the future that is being polled, where it is `Holding`.
    static HELD: Cell<Places> = const { Cell::new(Places(None)) };
    /// Those of futures in whose polls it is polled.
    static OUTER: Cell<Vec<Places>> = const { Cell::new(Vec::new()) };
}

/// What is known of the poll of a `Sink`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Polled {
    /// Whether a send begins with it.
    pub(super) begins: bool,
    pub(super) by: By,
}

/// Who polls. Most futures hold nothing, and cost no more than to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Hand,
    Future,
    Holding,
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
    /// Lends these to layers for a poll of the future that they belong to.
    #[inline]
    pub(super) fn lend(&mut self, begins: bool) -> Lent<'_> {
        let before = POLLED.get();
        let mut by = By::Future;
        if before.by == By::Holding || self.0.is_some() {
            by = self.hold(before.by);
        }
        POLLED.set(Polled { begins, by });
        Lent { places: self, before }
    }

    #[inline]
    pub(super) fn give_back(&mut self) {
        if self.0.is_some() {
            self.0 = None;
        }
    }

    #[cold]
    fn hold(&mut self, before: By) -> By {
        let outer = HELD.replace(std::mem::take(self));
        if before == By::Holding {
            let mut all = OUTER.take();
            all.push(outer);
            OUTER.set(all);
        }
        By::Holding
    }

    #[cold]
    fn collect(&mut self, before: By) {
        *self = HELD.take();
        if before == By::Holding {
            let mut all = OUTER.take();
            HELD.set(all.pop().unwrap_or_default());
            OUTER.set(all);
        }
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
    let polled = POLLED.get();
    if polled.by == By::Hand {
        return line.poll_free(cx, by_hand);
    }
    line.leave(by_hand);
    let mut places = HELD.take();
    let taken = places.poll_take(line, cx);
    HELD.set(places);
    POLLED.set(Polled { by: By::Holding, ..polled });
    taken
}

/// Gives back what the future that is polled has taken.
pub(super) fn give_back(line: &Arc<Line>) {
    drop(remove(line));
}

/// Uses the place that the future has taken, where it is being polled, and takes one otherwise, free
/// or not: what has been found ready may be sent.
pub(super) fn spend(line: &Arc<Line>) {
    match remove(line) {
        Some(mut place) if place.taken => place.taken = false,
        _ => line.take(),
    }
}

fn remove(line: &Arc<Line>) -> Option<Box<Place>> {
    if POLLED.get().by != By::Holding {
        return None;
    }
    let mut places = HELD.take();
    let removed = places.remove(line);
    HELD.set(places);
    removed
}

/// Gives the places back to their future, however the poll ends.
pub(super) struct Lent<'a> {
    places: &'a mut Places,
    before: Polled,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        if POLLED.replace(self.before).by == By::Holding {
            self.places.collect(self.before.by);
        }
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
