//! What happens without a descriptor of the caller's: timers and user events.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{eventfd, EventfdFlags};
use rustix::io::{read, write, Errno};
use rustix::time::{
    timerfd_create, timerfd_settime, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
};

/// A timer that goes on until it is deleted.
pub struct Timer {
    timer: OwnedFd,
    pub udata: isize,
}

impl Timer {
    pub fn new(every: Duration, udata: isize) -> Result<Self, Errno> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let every = Timespec { tv_sec: every.as_secs() as i64, tv_nsec: every.subsec_nanos().into() };
        let setting = Itimerspec { it_interval: every, it_value: every };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
        Ok(Timer { timer, udata })
    }

    /// Times it has come since the last call.
    pub fn expirations(&self) -> u64 {
        take_count(&self.timer)
    }
}

/// An event that its owner triggers.
pub struct User {
    event: OwnedFd,
    clears: bool,
    pub udata: isize,
}

impl User {
    pub fn new(clears: bool, udata: isize) -> Result<Self, Errno> {
        Ok(User { event: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?, clears, udata })
    }

    pub fn trigger(&self) -> Result<(), Errno> {
        write(&self.event, &1u64.to_ne_bytes()).map(drop)
    }

    /// Whether it has been triggered; forgotten only with `EV_CLEAR`.
    pub fn take(&self) -> bool {
        let is_triggered = take_count(&self.event) > 0;
        if is_triggered && !self.clears {
            let _ = self.trigger();
        }
        is_triggered
    }
}

fn take_count(descriptor: &OwnedFd) -> u64 {
    let mut count = [0; 8];
    match read(descriptor, &mut count) {
        Ok(8) => u64::from_ne_bytes(count),
        _ => 0,
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

impl AsFd for User {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
