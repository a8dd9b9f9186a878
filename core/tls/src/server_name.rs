//! The name a client asked for, carried from the certificate's choice to its session.
//!
//! The unbuffered rustls connection doesn't tell it. The resolver is called inside the session's own call, on the same thread, so a value
//! left there is this session's.

use std::cell::Cell;

thread_local! {
    static ASKED: Cell<Option<Box<str>>> = const { Cell::new(None) };
}

/// Remembers the name of the hello that is being handled.
pub(crate) fn put(name: Option<&str>) {
    let _ = ASKED.try_with(|asked| asked.set(name.map(Box::from)));
}

/// The name of the hello that was handled since the last call.
pub(crate) fn take() -> Option<Box<str>> {
    ASKED.try_with(Cell::take).ok().flatten()
}
