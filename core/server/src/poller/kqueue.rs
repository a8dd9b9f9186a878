//! macOS and FreeBSD: kqueue, with its own timer and wake-up.
//!
//! On Linux the same code runs over a stand-in (`core/kqueue-standin`), so that tests can run what those systems run.
//!
//! Source: kqueue(2) of macOS and FreeBSD.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use nix::{
    libc::timespec,
    sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue},
};
#[cfg(target_os = "linux")]
use spica_kqueue_standin::{timespec, EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

use super::{EVENTS, TIMER, WAKE};

/// What configuration and errors call it.
pub const NAME: &str = "kqueue";

/// Identifier of the one timer, and of the one wake-up: each filter has numbers of its own.
const ONLY: usize = 0;
/// kevent(2) returns at once.
const NOW: Option<timespec> = Some(timespec { tv_sec: 0, tv_nsec: 0 });
/// A key is what an event carries for its owner.
const _: () = assert!(usize::BITS == 64, "a key needs 64 bits");

/// One reactor's queue.
pub struct Poller(Kqueue);

/// What one `wait` took.
#[derive(Default)]
pub struct Events {
    /// As long as may be taken at a time; empty at first and after a panic.
    space: Vec<KEvent>,
    taken: usize,
}

/// What an event says of a descriptor.
#[derive(Clone, Copy)]
pub struct Ready {
    filter: Option<EventFilter>,
    has_ended: bool,
    has_failed: bool,
}

impl Poller {
    /// Opens the queue.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn new() -> io::Result<Self> {
        let poller = Poller(Kqueue::new()?);
        poller.change(&[change(ONLY, EventFilter::EVFILT_USER, EvFlags::EV_ADD | EvFlags::EV_CLEAR, WAKE)])?;
        Ok(poller)
    }

    /// The descriptor that is readable when there are events.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Takes the events that there are.
    ///
    /// # Errors
    /// `Interrupted`, or what nothing here can mend.
    pub fn wait(&self, events: &mut Events) -> io::Result<usize> {
        events.taken = 0;
        events.space.resize(EVENTS, change(0, EventFilter::EVFILT_READ, EvFlags::empty(), 0));
        events.taken = self.0.kevent(&[], &mut events.space, NOW)?;
        Ok(events.taken)
    }

    /// Watches a connection, by edges. Closing it ends both watches.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch(&self, socket: &OwnedFd, key: u64) -> io::Result<()> {
        let edges = EvFlags::EV_ADD | EvFlags::EV_CLEAR;
        let (reading, writing) = (EventFilter::EVFILT_READ, EventFilter::EVFILT_WRITE);
        self.change(&[change(number(socket), reading, edges, key), change(number(socket), writing, edges, key)])
    }

    /// Watches a listening socket. Of several workers that watch one, all are woken for a connection.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch_listener(&self, socket: &OwnedFd, key: u64) -> io::Result<()> {
        self.change(&[change(number(socket), EventFilter::EVFILT_READ, EvFlags::EV_ADD, key)])
    }

    /// Watches a listening socket no more.
    pub fn unwatch_listener(&self, socket: &OwnedFd) {
        let _ = self.change(&[change(number(socket), EventFilter::EVFILT_READ, EvFlags::EV_DELETE, 0)]);
    }

    /// Has [`TIMER`] come every so often, or no more.
    pub fn run_timer(&self, every: Option<Duration>) {
        let (flags, every) = match every {
            Some(every) => (EvFlags::EV_ADD, isize::try_from(every.as_millis()).unwrap_or(isize::MAX)),
            None => (EvFlags::EV_DELETE, 0),
        };
        // Without a unit in its flags, a timer's data are milliseconds.
        let timer = KEvent::new(ONLY, EventFilter::EVFILT_TIMER, flags, FilterFlag::empty(), every, TIMER as isize);
        let _ = self.change(&[timer]);
    }

    /// A tick that was taken is over.
    pub fn clear_tick(&self) {}

    /// Has [`WAKE`] come once. Returns whether it will.
    pub fn wake(&self) -> bool {
        let trigger = FilterFlag::NOTE_TRIGGER;
        let wake = KEvent::new(ONLY, EventFilter::EVFILT_USER, EvFlags::empty(), trigger, 0, WAKE as isize);
        self.change(&[wake]).is_ok()
    }

    /// A wake-up that was taken is over.
    pub fn clear_wake(&self) {}

    /// Without room for events, the first change that fails is the call's error.
    fn change(&self, changes: &[KEvent]) -> io::Result<()> {
        self.0.kevent(changes, &mut [], NOW)?;
        Ok(())
    }
}

impl Events {
    /// Keys, and what is said of them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
        self.space[..self.taken].iter().map(|event| (event.udata() as u64, Ready::of(event)))
    }
}

impl Ready {
    /// `EV_EOF` on the read filter is the peer's end, on the write filter perhaps our own; with an error in the flags of
    /// the filter, either says that the connection has failed.
    fn of(event: &KEvent) -> Self {
        let flags = event.flags();
        let has_ended = flags.contains(EvFlags::EV_EOF);
        let has_failed = flags.contains(EvFlags::EV_ERROR) || has_ended && !event.fflags().is_empty();
        Ready { filter: event.filter().ok(), has_ended, has_failed }
    }

    /// It can be read from without waiting, if only its end.
    #[inline]
    pub fn is_readable(self) -> bool {
        self.filter == Some(EventFilter::EVFILT_READ)
    }

    /// It can be written to without waiting.
    #[inline]
    pub fn is_writable(self) -> bool {
        self.filter == Some(EventFilter::EVFILT_WRITE)
    }

    /// The peer has ended its side.
    #[inline]
    pub fn is_hung_up(self) -> bool {
        self.is_readable() && self.has_ended
    }

    /// The connection is of no more use.
    #[inline]
    pub fn is_broken(self) -> bool {
        self.has_failed
    }
}

fn change(number: usize, filter: EventFilter, flags: EvFlags, key: u64) -> KEvent {
    KEvent::new(number, filter, flags, FilterFlag::empty(), 0, key as isize)
}

/// A descriptor that is open is no negative number.
fn number(socket: &OwnedFd) -> usize {
    socket.as_raw_fd().unsigned_abs() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(filter: EventFilter, flags: EvFlags, failure: u32) -> [bool; 4] {
        let event = KEvent::new(9, filter, flags, FilterFlag::from_bits_retain(failure), 0, 7);
        let ready = Ready::of(&event);
        [ready.is_readable(), ready.is_writable(), ready.is_hung_up(), ready.is_broken()]
    }

    #[test]
    fn the_end_of_our_own_side_is_no_failure_and_an_error_beside_an_end_is_one() {
        let (read, write) = (EventFilter::EVFILT_READ, EventFilter::EVFILT_WRITE);
        let reset = 54; // ECONNRESET of macOS: any number but 0
        assert_eq!(said(read, EvFlags::EV_CLEAR, 0), [true, false, false, false]);
        assert_eq!(said(read, EvFlags::EV_EOF, 0), [true, false, true, false]);
        assert_eq!(said(read, EvFlags::EV_EOF, reset), [true, false, true, true]);
        assert_eq!(said(write, EvFlags::EV_CLEAR, 0), [false, true, false, false]);
        assert_eq!(said(write, EvFlags::EV_EOF, 0), [false, true, false, false]);
        assert_eq!(said(write, EvFlags::EV_EOF, reset), [false, true, false, true]);
    }

    #[test]
    fn a_key_of_all_64_bits_comes_back() {
        for key in [0, 1, u64::from(u32::MAX) << 32, LAST] {
            let event = change(3, EventFilter::EVFILT_READ, EvFlags::EV_ADD, key);
            let events = Events { space: vec![event], taken: 1 };
            assert_eq!(events.iter().map(|(key, _)| key).collect::<Vec<_>>(), [key]);
        }
    }

    const LAST: u64 = u64::MAX;
}
