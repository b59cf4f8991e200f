//! A fair semaphore. Its waiters may disappear without notice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// The permits for requests in flight.
///
/// A free permit is not assigned to a waiter. The waiter is woken, and takes the permit when it is
/// polled. So a waiter that is never polled again delays the others, but blocks none of them.
#[derive(Debug)]
pub(super) struct Permits(Mutex<State>);

/// A permit for one request. Dropping it returns it.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

/// The position of a waiter, if it waits.
pub(super) type Ticket = Option<u64>;

#[derive(Debug)]
struct State {
    free: usize,
    /// Waiters that were woken and have not been polled since.
    woken: usize,
    next_ticket: u64,
    /// Waiters that have not been woken, by ticket.
    waiting: BTreeMap<u64, Waker>,
    /// The client's driver, which wakes others when woken waiters are not polled.
    driver: Option<Waker>,
    closed: bool,
}

impl Permits {
    pub(super) fn new(permits: usize) -> Self {
        let waiting = BTreeMap::new();
        let (woken, next_ticket, driver, closed) = (0, 0, None, false);
        Self(Mutex::new(State { free: permits, woken, next_ticket, waiting, driver, closed }))
    }

    pub(super) fn poll_take(
        self: &Arc<Self>,
        cx: &Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Permit> {
        let mut state = self.0.lock();
        if !state.may_take(*ticket) {
            state.wait(cx, ticket);
            return Poll::Pending;
        }
        state.free = state.free.saturating_sub(1);
        state.remove(ticket);
        Poll::Ready(Permit(self.clone()))
    }

    /// Takes a permit if one is free and no woken waiter is about to take it.
    pub(super) fn try_take(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.0.lock();
        if !state.may_take(None) {
            return None;
        }
        state.free = state.free.saturating_sub(1);
        Some(Permit(self.clone()))
    }

    fn give_back(&self) {
        let mut state = self.0.lock();
        state.free += 1;
        let wakers = state.wake_next();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Stops waiting. If the waiter was woken for a permit, another one is woken instead.
    pub(super) fn leave(&self, ticket: &mut Ticket) {
        let mut state = self.0.lock();
        if !state.remove(ticket) {
            return;
        }
        let wakers = state.wake_next();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes others instead of waiters that were woken and have not been polled. The driver calls
    /// this whenever it is polled, and is woken while there are free permits and waiters.
    pub(super) fn replace_woken(&self, cx: &Context<'_>) {
        let mut state = self.0.lock();
        if !state.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            state.driver = Some(cx.waker().clone());
        }
        state.woken = 0;
        let wakers = state.wake_next();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes every waiter. None has to wait from now on.
    pub(super) fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl State {
    /// New waiters leave the free permits to the woken ones.
    fn may_take(&self, ticket: Ticket) -> bool {
        let reserved = if ticket.is_some() { 0 } else { self.woken };
        self.free > reserved || self.closed
    }

    /// Removes a waiter. Returns true if it had been woken.
    fn remove(&mut self, ticket: &mut Ticket) -> bool {
        let Some(number) = ticket.take() else { return false };
        let was_woken = self.waiting.remove(&number).is_none();
        if was_woken {
            self.woken = self.woken.saturating_sub(1);
        }
        was_woken
    }

    fn wait(&mut self, cx: &Context<'_>, ticket: &mut Ticket) {
        if ticket.is_none() && self.free > 0 {
            // The woken waiters have until the next poll to take the permits.
            cx.waker().wake_by_ref();
        }
        let is_new = ticket.is_none();
        let number = *ticket.get_or_insert(self.next_ticket);
        self.next_ticket = self.next_ticket.max(number + 1);
        if let Some(waker) = self.waiting.get_mut(&number) {
            waker.clone_from(cx.waker());
            return;
        }
        if !is_new {
            // It was woken, but another one took the permit. It keeps its position.
            self.woken = self.woken.saturating_sub(1);
        }
        self.waiting.insert(number, cx.waker().clone());
    }

    /// Removes the waiters to wake: one per free permit, or all if no driver looks after them.
    fn wake_next(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while self.woken < self.free
            && let Some((_, waker)) = self.waiting.pop_first()
        {
            wakers.push(waker);
            self.woken += usize::from(self.driver.is_some());
        }
        if !self.waiting.is_empty() && self.free > 0 {
            wakers.extend(self.driver.clone());
        }
        wakers
    }
}
