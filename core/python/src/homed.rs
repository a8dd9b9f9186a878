//! What belongs to one worker's thread, inside objects that Python may free on any: the garbage collector runs wherever
//! somebody allocates, also in a thread that a handler has started.
//!
//! | on | using it | freeing it |
//! |---|---|---|
//! | its own thread | as ever | as ever |
//! | another | a panic, which Python sees as an exception | it is sent home, and freed with the worker's next turn |
//!
//! What comes home to a thread that has no worker any more is never freed: there is nobody to do it.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// A value that only its own thread touches.
pub struct Homed<T: 'static> {
    home: ThreadId,
    value: ManuallyDrop<T>,
}

// SAFETY: the value is reached by `deref` alone, which checks the thread, and by `drop`, which moves it back to its thread
// without touching it. Moving a value is not using it.
unsafe impl<T: 'static> Send for Homed<T> {}
// SAFETY: as above; a shared reference gives nothing without the check.
unsafe impl<T: 'static> Sync for Homed<T> {}

impl<T: 'static> Homed<T> {
    /// A value of this thread.
    pub fn new(value: T) -> Self {
        Homed { home: thread::current().id(), value: ManuallyDrop::new(value) }
    }
}

impl<T: 'static> Deref for Homed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        assert!(self.home == thread::current().id(), "this belongs to the event loop's thread and was used in another");
        &self.value
    }
}

impl<T: 'static> Drop for Homed<T> {
    fn drop(&mut self) {
        // SAFETY: taken once: this is the drop.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        if self.home == thread::current().id() {
            return drop(value);
        }
        let stray = Stray { home: self.home, _value: Box::new(Kept(value)) };
        STRAYS.lock().unwrap_or_else(PoisonError::into_inner).push(stray);
        COUNT.fetch_add(1, Ordering::Release);
    }
}

/// Freed elsewhere, and not yet home.
struct Stray {
    home: ThreadId,
    _value: Box<dyn Freed>,
}

// SAFETY: only its own thread takes it out, see `free_strays`.
unsafe impl Send for Stray {}

trait Freed {}

struct Kept<T>(T);

impl<T> Freed for Kept<T> {}

static STRAYS: Mutex<Vec<Stray>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Frees what came home to this thread. Costs one look at a number when nothing did.
pub fn free_strays() {
    if COUNT.load(Ordering::Acquire) == 0 {
        return;
    }
    let home = thread::current().id();
    let mine: Vec<Stray> = {
        let mut strays = STRAYS.lock().unwrap_or_else(PoisonError::into_inner);
        let (mine, others) = std::mem::take(&mut *strays).into_iter().partition(|stray| stray.home == home);
        *strays = others;
        COUNT.store(strays.len(), Ordering::Release);
        mine
    };
    drop(mine); // without the lock: what is freed may free more
}
