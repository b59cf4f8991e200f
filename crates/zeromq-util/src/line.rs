//! So many places, and who waits for one in turn.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// Places of which each is had by one at a time.
///
/// Who waits is told of a free place and takes it when polled: none is assigned to a waiter that
/// may never be polled again. So a waiter that has given up costs the others nothing but the time in
/// which it could have taken the place.
#[derive(Debug)]
pub(crate) struct Line(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Free places; below 0 where some were taken that were not free.
    free: isize,
    /// How many were told of a free place and have not looked since.
    told: isize,
    next: u64,
    /// Who has not been told, by the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
    /// Who looks after waiters that were told and do not come.
    steward: Option<Waker>,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    waker: Waker,
    /// Whether it leaves the line when it gives up. Others may have gone without a word.
    leaves: bool,
}

/// A turn in the line, kept by the one who waits.
pub(crate) type Ticket = Option<u64>;

impl Line {
    pub(crate) fn new(places: usize) -> Self {
        let free = isize::try_from(places).unwrap_or(isize::MAX);
        let (next, told, waiting) = (0, 0, BTreeMap::new());
        Self(Mutex::new(State { free, told, next, waiting, steward: None, closed: false }))
    }

    /// Takes a place. One who `leaves` calls [`leave`](Self::leave) when it gives up.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        ticket: &mut Ticket,
        leaves: bool,
    ) -> Poll<()> {
        let mut state = self.0.lock();
        if state.is_turn(*ticket) {
            state.free -= 1;
            state.serve(ticket);
            return Poll::Ready(());
        }
        state.wait(cx, ticket, leaves);
        Poll::Pending
    }

    /// Ready while there is a place, without taking it.
    pub(crate) fn poll_free(&self, cx: &Context<'_>, ticket: &mut Ticket) -> Poll<()> {
        let mut state = self.0.lock();
        if state.is_turn(*ticket) {
            state.serve(ticket);
            return Poll::Ready(());
        }
        state.wait(cx, ticket, false);
        Poll::Pending
    }

    /// Takes a place if one is free and nobody waits for it.
    pub(crate) fn try_take(&self) -> bool {
        let mut state = self.0.lock();
        let is_free = state.is_turn(None);
        state.free -= isize::from(is_free);
        is_free
    }

    /// Takes a place, free or not: the next that is given back is for this one.
    pub(crate) fn take(&self) {
        self.0.lock().free -= 1;
    }

    pub(crate) fn give_back(&self, places: usize) {
        let mut state = self.0.lock();
        state.free = state.free.saturating_add_unsigned(places);
        let wakers = state.tell();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives up waiting.
    pub(crate) fn leave(&self, ticket: &mut Ticket) {
        let Some(number) = ticket.take() else { return };
        let mut state = self.0.lock();
        if state.waiting.remove(&number).is_some() {
            return;
        }
        // It was told of a place, and so somebody else has to be.
        state.told = (state.told - 1).max(0);
        let wakers = state.tell();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Looks after waiters that were told of a place and have not come: then others are.
    pub(crate) fn look_after(&self, cx: &Context<'_>) {
        let mut state = self.0.lock();
        if !state.steward.as_ref().is_some_and(|steward| steward.will_wake(cx.waker())) {
            state.steward = Some(cx.waker().clone());
        }
        state.told = 0;
        let wakers = state.tell();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Has everybody look once more, now and whenever they come to wait.
    pub(crate) fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(|waiting| waiting.waker.wake());
    }
}

impl State {
    /// Who comes new leaves a place to those that were told of it.
    fn is_turn(&self, ticket: Ticket) -> bool {
        let others = if ticket.is_some() { 0 } else { self.told };
        self.free > others || self.closed
    }

    fn serve(&mut self, ticket: &mut Ticket) {
        if let Some(number) = ticket.take()
            && self.waiting.remove(&number).is_none()
        {
            self.told = (self.told - 1).max(0);
        }
    }

    fn wait(&mut self, cx: &Context<'_>, ticket: &mut Ticket, leaves: bool) {
        if ticket.is_none() && self.free > 0 {
            // Those that were told have the time until this one is polled again.
            cx.waker().wake_by_ref();
        }
        let was_told = ticket.is_some();
        let number = *ticket.get_or_insert(self.next);
        self.next = self.next.max(number + 1);
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.waker.clone_from(cx.waker());
            return;
        }
        if was_told {
            // Another has taken the place meanwhile. The turn stays.
            self.told = (self.told - 1).max(0);
        }
        self.waiting.insert(number, Waiting { waker: cx.waker().clone(), leaves });
    }

    /// Takes out of the line those who are to be told of a free place: one for each, and with one
    /// who may have given up the next as well, unless somebody looks after it.
    fn tell(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while self.told < self.free
            && let Some((_, Waiting { waker, leaves })) = self.waiting.pop_first()
        {
            wakers.push(waker);
            if leaves || self.steward.is_some() {
                self.told += 1;
            }
        }
        if !self.waiting.is_empty()
            && self.free > 0
            && let Some(steward) = &self.steward
        {
            wakers.push(steward.clone());
        }
        wakers
    }
}
