//! Linux: epoll, a timerfd and an eventfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{eventfd, EventfdFlags};
use rustix::time::{
    timerfd_create, timerfd_settime, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
};

use super::{EVENTS, TIMER, WAKE};

/// What configuration and errors call it.
pub const NAME: &str = "epoll";

/// The descriptors of one reactor's readiness.
pub struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    wake: OwnedFd,
}

/// What one `wait` took.
#[derive(Default)]
pub struct Events(Vec<epoll::Event>);

/// What an event says of a descriptor.
#[derive(Clone, Copy)]
pub struct Ready(EventFlags);

impl Poller {
    /// Opens the three descriptors.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Poller { epoll, timer, wake })
    }

    /// The descriptor that is readable when there are events.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Takes the events that there are.
    ///
    /// # Errors
    /// `Interrupted`, or what nothing here can mend.
    pub fn wait(&self, events: &mut Events) -> io::Result<usize> {
        events.0.clear();
        events.0.reserve(EVENTS); // gone after a panic
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        Ok(epoll::wait(&self.epoll, spare_capacity(&mut events.0), Some(&now))?)
    }

    /// Watches a connection, by edges.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch(&self, socket: &OwnedFd, key: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(key), flags)?)
    }

    /// Watches a listening socket. Exclusive: of several workers that watch one, one is woken for a connection.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch_listener(&self, socket: &OwnedFd, key: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::EXCLUSIVE;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(key), flags)?)
    }

    /// Watches a listening socket no more. Closing it does not do: another process may share it (epoll(7), Q6).
    pub fn unwatch_listener(&self, socket: &OwnedFd) {
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Has [`TIMER`] come every so often, or no more.
    pub fn run_timer(&self, every: Option<Duration>) {
        let every = every.unwrap_or_default();
        let every = Timespec { tv_sec: every.as_secs() as i64, tv_nsec: every.subsec_nanos().into() };
        let timer = Itimerspec { it_interval: every, it_value: every };
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &timer);
    }

    /// Takes note of the ticks that have come.
    pub fn clear_tick(&self) {
        let _ = rustix::io::read(&self.timer, &mut [0; 8]);
    }

    /// Has [`WAKE`] come once. Returns whether it will.
    pub fn wake(&self) -> bool {
        rustix::io::write(&self.wake, &1u64.to_ne_bytes()).is_ok()
    }

    /// Takes note of the wake-up.
    pub fn clear_wake(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }
}

impl Events {
    /// Keys, and what is said of them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
        self.0.iter().map(|event| (event.data.u64(), Ready(event.flags)))
    }
}

impl Ready {
    /// It can be read from without waiting, if only its end.
    #[inline]
    pub fn is_readable(self) -> bool {
        self.0.contains(EventFlags::IN)
    }

    /// It can be written to without waiting.
    #[inline]
    pub fn is_writable(self) -> bool {
        self.0.contains(EventFlags::OUT)
    }

    /// The peer has ended its side.
    #[inline]
    pub fn is_hung_up(self) -> bool {
        self.0.contains(EventFlags::RDHUP)
    }

    /// The connection is of no more use.
    #[inline]
    pub fn is_broken(self) -> bool {
        self.0.intersects(EventFlags::ERR | EventFlags::HUP)
    }
}
