//! The thread that writes: it may wait for the sink as long as the sink likes.
//!
//! The two threads share one buffer, `waiting`. The reactor's adds to it, the writer's takes it whole. The writer is woken
//! only when it sleeps: after each write it lets lines gather for [`GATHER`], so a busy server pays for a hundred wake-ups
//! a second, not for one a poll, and a quiet one sees its line at once.
//!
//! No Python runs here, and nothing is locked while the sink is written to.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::time::clock_gettime;

use super::line::Lines;
use super::{LogFormat, WAITING_BYTES};
use crate::system::REALTIME;

/// How long lines gather after a write.
const GATHER: Duration = Duration::from_millis(10);
/// Waiting bytes that end the gathering early.
const GATHERED_BYTES: usize = WAITING_BYTES / 4;
/// How long a sink that is full and does not block is left alone.
const FULL_PAUSE: Duration = Duration::from_millis(5);
/// Octets written at a time, up to a line's end: several workers share a pipe, and only this much is never mixed with
/// what others write (`PIPE_BUF`, pipe(7)).
const PIECE_BYTES: usize = 4096;
/// Space that the buffers keep.
const KEPT_BYTES: usize = 128 * 1024;
/// The thread only copies and calls the system.
const STACK_BYTES: usize = 128 * 1024;

/// The reactor's end.
pub struct Writer {
    shared: Arc<Shared>,
    process: u32,
    /// The sink took too long once: the next end does not wait for it again, unless it has caught up since.
    gave_up: bool,
}

struct Shared {
    state: Mutex<State>,
    wake_writer: Condvar,
    all_written: Condvar,
}

#[derive(Default)]
struct State {
    /// The thread takes it when it begins.
    sink: Option<Box<dyn Write + Send>>,
    waiting: Vec<u8>,
    lines: u64,
    lost: u64,
    sleeping: bool,
    gathering: bool,
    idle: bool,
    hurry: bool,
    stopped: bool,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give; the sink comes back.
    pub fn start(format: LogFormat, sink: Box<dyn Write + Send>) -> Result<Self, Option<Box<dyn Write + Send>>> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State { idle: true, sink: Some(sink), ..State::default() }),
            wake_writer: Condvar::new(),
            all_written: Condvar::new(),
        });
        let thread = thread::Builder::new().name("spica-access-log".into()).stack_size(STACK_BYTES);
        let its_share = shared.clone();
        match thread.spawn(move || Output::run(its_share, format)) {
            Ok(_) => Ok(Writer { shared, process: std::process::id(), gave_up: false }),
            Err(_) => Err(shared.state().sink.take()),
        }
    }

    /// Takes `text` with its `lines`, and leaves a buffer with some space in its place; without room, they are lost.
    pub fn give(&mut self, text: &mut Vec<u8>, lines: u64) {
        let mut state = self.shared.state();
        if state.waiting.len() + text.len() > WAITING_BYTES {
            state.lost += lines;
            return;
        }
        if state.waiting.is_empty() {
            std::mem::swap(&mut state.waiting, text);
        } else {
            state.waiting.extend_from_slice(text);
        }
        state.lines += lines;
        self.gave_up &= !state.idle;
        state.idle = false;
        if state.sleeping || (state.gathering && state.waiting.len() >= GATHERED_BYTES) {
            (state.sleeping, state.gathering) = (false, false);
            self.shared.wake_writer.notify_one();
        }
    }

    /// Waits until everything is written, at most `timeout`. Returns whether it is.
    pub fn finish(&mut self, timeout: Duration) -> bool {
        if std::process::id() != self.process {
            return false; // a fork's copy: the thread is its parent's, and so are the lines
        }
        let mut state = self.shared.state();
        state.hurry = true;
        self.shared.wake_writer.notify_one();
        let timeout = if self.gave_up { Duration::ZERO } else { timeout };
        let waited = self.shared.all_written.wait_timeout_while(state, timeout, |state| !state.idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.hurry = false;
        self.gave_up = !state.idle;
        state.idle
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if std::process::id() == self.process {
            // Not joined: it may be inside a write that never ends, and then the end of the process ends it.
            self.shared.state().stopped = true;
            self.shared.wake_writer.notify_one();
        }
    }
}

impl Shared {
    /// A thread that panicked leaves nothing half done here: every change is one assignment.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's end.
struct Output {
    shared: Arc<Shared>,
    sink: Box<dyn Write + Send>,
    format: LogFormat,
    /// Lines that are missing in the sink and not yet told.
    lost: u64,
    /// The sink failed in the midst of a line.
    torn: bool,
}

impl Output {
    fn run(shared: Arc<Shared>, format: LogFormat) {
        let Some(sink) = shared.state().sink.take() else { return };
        let mut output = Output { shared, sink, format, lost: 0, torn: false };
        let mut batch = Vec::new();
        while let Some((lines, lost)) = output.take(&mut batch) {
            output.tell_lost();
            output.write(&batch, lines);
            output.lost += lost;
            output.tell_lost();
            batch.clear();
            batch.shrink_to(KEPT_BYTES);
            output.gather();
        }
    }

    /// Waits for lines and takes them, with the number lost after them; None when the log is gone.
    fn take(&self, batch: &mut Vec<u8>) -> Option<(u64, u64)> {
        let mut state = self.shared.state();
        while state.waiting.is_empty() {
            state.idle = true;
            self.shared.all_written.notify_all();
            if state.stopped {
                return None;
            }
            state.sleeping = true;
            state = self.shared.wake_writer.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleeping = false;
        }
        std::mem::swap(&mut state.waiting, batch);
        Some((std::mem::take(&mut state.lines), std::mem::take(&mut state.lost)))
    }

    fn gather(&self) {
        let mut state = self.shared.state();
        state.gathering = true;
        let gathers = |state: &mut State| state.gathering && !state.hurry && !state.stopped;
        let waited = self.shared.wake_writer.wait_timeout_while(state, GATHER, gathers);
        waited.unwrap_or_else(PoisonError::into_inner).0.gathering = false;
    }

    fn tell_lost(&mut self) {
        if self.lost > 0 {
            let mut notice = Lines::new(self.format);
            notice.push_lost(clock_gettime(REALTIME).tv_sec, self.lost);
            if self.write(&notice.text, 0) {
                self.lost = 0;
            }
        }
    }

    /// Writes `text` and counts what is missing of its `lines`. Returns whether nothing is.
    fn write(&mut self, text: &[u8], lines: u64) -> bool {
        if self.torn && self.write_some(b"\n") == 0 {
            self.lost += lines;
            return false;
        }
        self.torn = false;
        let (written, missing) = text.split_at(self.write_some(text).min(text.len()));
        if missing.is_empty() {
            return true;
        }
        self.torn = written.last().is_some_and(|&octet| octet != b'\n');
        let whole = written.iter().filter(|&&octet| octet == b'\n').count() as u64;
        self.lost += lines.saturating_sub(whole);
        false
    }

    /// Writes until all is written or the sink fails. Returns how many octets it took.
    fn write_some(&mut self, text: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = text.get(taken..) {
            match self.sink.write(piece(rest)) {
                Ok(n @ 1..) => taken += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody made the descriptor non-blocking, for all who share it.
                Err(error) if error.kind() == ErrorKind::WouldBlock && !self.shared.state().stopped => {
                    thread::sleep(FULL_PAUSE);
                }
                Ok(_) | Err(_) => break,
            }
        }
        let _ = self.sink.flush();
        taken
    }
}

/// The whole lines at the beginning of `text` that fit into a piece, or else the first line.
fn piece(text: &[u8]) -> &[u8] {
    let is_end = |octet: &u8| *octet == b'\n';
    let fitting = &text[..text.len().min(PIECE_BYTES)];
    let end = fitting.iter().rposition(is_end).or_else(|| text.iter().position(is_end));
    end.and_then(|end| text.get(..=end)).unwrap_or(text)
}
