//! kqueue(2) on Linux, for tests: the four filters that `core/server/src/poller/kqueue.rs` uses, under nix's names.
//!
//! Written from the manuals of macOS and FreeBSD, not from what the reactor expects:
//!
//! - `EVFILT_READ` and `EVFILT_WRITE` are events of their own, also of one descriptor. `EV_CLEAR` makes edges of them: each
//!   is said again only when something of its own kind has happened. For that, each filter has an epoll of its own; both
//!   are in the one that is the kqueue's descriptor, and so is one timerfd a timer and one eventfd a user event.
//! - `EV_EOF` comes with the peer's end, and `fflags` has the socket's error. Unlike the kernels that it stands for, it
//!   does not set `EV_EOF` on the write filter for our own end, which Linux does not tell; it says "writable" once more when
//!   the peer ends; and telling the error clears it.
//! - A failing change is an event with `EV_ERROR` where there is room for events, else the call's error.
//! - A watch ends with its descriptor. (Here: with the last duplicate of it, so a shared one must be deleted.)
//! - Timers count in milliseconds and in no other unit.
#![cfg(target_os = "linux")]
#![allow(non_camel_case_types, missing_docs, reason = "the names are those of kqueue(2), as nix has them")]

mod event;
mod user;
mod watches;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::Timespec;
use rustix::io::Errno;

pub use event::{EvFlags, EventFilter, FilterFlag, KEvent};
pub use rustix::event::Timespec as timespec;

use user::{Timer, User};
use watches::Watches;

/// A queue: its descriptor is readable when there are events.
pub struct Kqueue {
    all: OwnedFd,
    state: RefCell<State>,
}

struct State {
    reading: Watches,
    writing: Watches,
    timers: BTreeMap<usize, Timer>,
    users: BTreeMap<usize, User>,
}

impl Kqueue {
    /// kqueue(2).
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn new() -> io::Result<Self> {
        let all = epoll::create(CreateFlags::CLOEXEC)?;
        let reading = Watches::new(EventFilter::EVFILT_READ)?;
        let writing = Watches::new(EventFilter::EVFILT_WRITE)?;
        for watches in [&reading, &writing] {
            epoll::add(&all, watches, EventData::new_u64(0), EventFlags::IN)?;
        }
        let state = State { reading, writing, timers: BTreeMap::new(), users: BTreeMap::new() };
        Ok(Kqueue { all, state: RefCell::new(state) })
    }

    /// kevent(2): makes the changes, then takes events, as many as there is room for.
    ///
    /// # Errors
    /// That of the first change which fails, without room to say so in an event; those of waiting.
    pub fn kevent(&self, changes: &[KEvent], events: &mut [KEvent], timeout: Option<Timespec>) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let mut taken = 0;
        for change in changes {
            if let Err(error) = state.change(&self.all, change) {
                let Some(space) = events.get_mut(taken) else { return Err(error.into()) };
                *space = change.failed(error);
                taken += 1;
            }
        }
        if taken > 0 || events.is_empty() {
            return Ok(taken);
        }
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(1);
        if epoll::wait(&self.all, spare_capacity(&mut ready), timeout.as_ref())? == 0 {
            return Ok(0);
        }
        Ok(state.take(events)?)
    }
}

impl AsFd for Kqueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.all.as_fd()
    }
}

impl State {
    fn change(&mut self, all: &OwnedFd, change: &KEvent) -> Result<(), Errno> {
        let deletes = change.flags().contains(EvFlags::EV_DELETE);
        match change.filter()? {
            EventFilter::EVFILT_READ => self.reading.change(change),
            EventFilter::EVFILT_WRITE => self.writing.change(change),
            EventFilter::EVFILT_TIMER if deletes => self.timers.remove(&change.ident()).map(drop).ok_or(Errno::NOENT),
            EventFilter::EVFILT_TIMER => {
                let every = Duration::from_millis(change.data().unsigned_abs() as u64);
                let timer = Timer::new(every, change.udata())?;
                epoll::add(all, &timer, EventData::new_u64(0), EventFlags::IN)?;
                self.timers.insert(change.ident(), timer);
                Ok(())
            }
            EventFilter::EVFILT_USER if deletes => self.users.remove(&change.ident()).map(drop).ok_or(Errno::NOENT),
            EventFilter::EVFILT_USER => self.change_user(all, change),
        }
    }

    fn change_user(&mut self, all: &OwnedFd, change: &KEvent) -> Result<(), Errno> {
        if change.flags().contains(EvFlags::EV_ADD) && !self.users.contains_key(&change.ident()) {
            let user = User::new(change.flags().contains(EvFlags::EV_CLEAR), change.udata())?;
            epoll::add(all, &user, EventData::new_u64(0), EventFlags::IN)?;
            self.users.insert(change.ident(), user);
        }
        let user = self.users.get(&change.ident()).ok_or(Errno::NOENT)?;
        if change.fflags().contains(FilterFlag::NOTE_TRIGGER) {
            user.trigger()?;
        }
        Ok(())
    }

    fn take(&mut self, events: &mut [KEvent]) -> Result<usize, Errno> {
        let mut taken = self.reading.take(events)?;
        taken += self.writing.take(&mut events[taken..])?;
        let timers = self.timers.iter().filter(|(_, timer)| timer.expirations() > 0);
        let timers = timers.map(|(&ident, timer)| KEvent::said(ident, EventFilter::EVFILT_TIMER, timer.udata));
        let users = self.users.iter().filter(|(_, user)| user.take());
        let users = users.map(|(&ident, user)| KEvent::said(ident, EventFilter::EVFILT_USER, user.udata));
        // The events' places go first: what finds none must not be taken.
        for (space, event) in events[taken..].iter_mut().zip(timers.chain(users)) {
            *space = event;
            taken += 1;
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
