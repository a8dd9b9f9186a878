//! One filter's descriptors.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::net::sockopt;

use crate::event::{EvFlags, EventFilter, FilterFlag, KEvent};

/// What is read-ready, or what is write-ready, of any number of descriptors.
pub struct Watches {
    filter: EventFilter,
    epoll: OwnedFd,
    /// By descriptor; that of a closed one stays until its number is watched again.
    udata: HashMap<RawFd, isize>,
}

impl Watches {
    pub fn new(filter: EventFilter) -> Result<Self, Errno> {
        Ok(Watches { filter, epoll: epoll::create(CreateFlags::CLOEXEC)?, udata: HashMap::new() })
    }

    pub fn change(&mut self, change: &KEvent) -> Result<(), Errno> {
        let number = RawFd::try_from(change.ident()).map_err(|_| Errno::BADF)?;
        // SAFETY: borrowed for calls on its number only, which fail with EBADF when nothing is open under it.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        if change.flags().contains(EvFlags::EV_DELETE) {
            self.udata.remove(&number);
            return epoll::delete(&self.epoll, descriptor);
        }
        if !change.flags().contains(EvFlags::EV_ADD) {
            return Err(Errno::NOENT);
        }
        let mut flags = match self.filter {
            EventFilter::EVFILT_WRITE => EventFlags::OUT,
            _ => EventFlags::IN | EventFlags::RDHUP,
        };
        flags.set(EventFlags::ET, change.flags().contains(EvFlags::EV_CLEAR));
        let data = EventData::new_u64(change.ident() as u64);
        match epoll::add(&self.epoll, descriptor, data, flags) {
            Err(Errno::EXIST) => epoll::modify(&self.epoll, descriptor, data, flags)?,
            outcome => outcome?,
        }
        self.udata.insert(number, change.udata());
        Ok(())
    }

    /// Takes what is ready, as far as there is room. Returns how much.
    pub fn take(&mut self, events: &mut [KEvent]) -> Result<usize, Errno> {
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(events.len());
        if events.is_empty() {
            return Ok(0);
        }
        epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        for (space, event) in events.iter_mut().zip(&ready) {
            *space = self.said(event.data.u64() as RawFd, event.flags);
        }
        Ok(ready.len())
    }

    fn said(&self, number: RawFd, ready: EventFlags) -> KEvent {
        let ends = match self.filter {
            EventFilter::EVFILT_WRITE => EventFlags::HUP | EventFlags::ERR,
            _ => EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP,
        };
        let (mut flags, mut failure) = (EvFlags::empty(), 0);
        if ready.intersects(ends) {
            flags |= EvFlags::EV_EOF;
            // SAFETY: as above; the kernel has just said something about what is open under this number.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            if let Ok(Err(error)) = sockopt::socket_error(descriptor) {
                failure = error.raw_os_error().unsigned_abs();
            }
        }
        let udata = self.udata.get(&number).copied().unwrap_or_default();
        KEvent::new(number as usize, self.filter, flags, FilterFlag::from_bits_retain(failure), 0, udata)
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
