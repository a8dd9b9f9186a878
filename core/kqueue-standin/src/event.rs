//! `struct kevent`.

use rustix::io::Errno;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFilter {
    EVFILT_READ,
    EVFILT_WRITE,
    EVFILT_TIMER,
    EVFILT_USER,
}

bitflags::bitflags! {
    /// What to do, and what has happened. The numbers are those of macOS and FreeBSD.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EvFlags: u16 {
        const EV_ADD = 0x0001;
        const EV_DELETE = 0x0002;
        const EV_CLEAR = 0x0020;
        const EV_ERROR = 0x4000;
        const EV_EOF = 0x8000;
    }

    /// The filter's own flags; beside `EV_EOF`, an error's number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FilterFlag: u32 {
        const NOTE_TRIGGER = 0x0100_0000;
    }
}

/// A change or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KEvent {
    ident: usize,
    filter: EventFilter,
    flags: EvFlags,
    fflags: FilterFlag,
    data: isize,
    udata: isize,
}

impl KEvent {
    pub fn new(
        ident: usize,
        filter: EventFilter,
        flags: EvFlags,
        fflags: FilterFlag,
        data: isize,
        udata: isize,
    ) -> Self {
        KEvent { ident, filter, flags, fflags, data, udata }
    }

    /// An event without anything special.
    pub(crate) fn said(ident: usize, filter: EventFilter, udata: isize) -> Self {
        KEvent::new(ident, filter, EvFlags::empty(), FilterFlag::empty(), 0, udata)
    }

    /// This change as the event that says why it failed.
    pub(crate) fn failed(mut self, error: Errno) -> Self {
        self.flags |= EvFlags::EV_ERROR;
        self.data = error.raw_os_error() as isize;
        self
    }

    pub fn ident(&self) -> usize {
        self.ident
    }

    /// # Errors
    /// None here: other systems have filters without a name.
    pub fn filter(&self) -> Result<EventFilter, Errno> {
        Ok(self.filter)
    }

    pub fn flags(&self) -> EvFlags {
        self.flags
    }

    pub fn fflags(&self) -> FilterFlag {
        self.fflags
    }

    pub fn data(&self) -> isize {
        self.data
    }

    pub fn udata(&self) -> isize {
        self.udata
    }
}
