//! What takes too long. h2 has no clock for these; the owner's is passed to [`Connection::tick`].

use std::time::Duration;

use h2::{Ping, Reason};

use crate::connection::{Connection, Protocol};
use crate::event::Cause;

/// How exact the timeouts are, while there is anything to time.
const STEP: Duration = Duration::from_secs(1);

/// Two window updates, for the stream and the connection, at half a window of 1 KiB earn themselves twice. Smaller windows make
/// so small frames that they are an attack (CVE-2019-9511).
const OCTETS_A_CONTROL_FRAME: usize = 128;

/// When things happened last, as seen by the ticks.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Option<Duration>,
    received: bool,
    taken: bool,
    busy: bool,
    taken_octets: usize,
    last_received: Duration,
    last_taken: Duration,
    last_busy: Duration,
    owed_since: Option<Duration>,
    pinged_at: Option<Duration>,
}

impl Clock {
    pub(crate) fn note_received(&mut self) {
        self.received = true;
    }

    pub(crate) fn note_taken(&mut self) {
        self.taken = true;
    }

    pub(crate) fn note_busy(&mut self) {
        self.busy = true;
    }

    /// How many control frames a peer has earned by taking `octets` more.
    pub(crate) fn earned_by(&mut self, octets: usize) -> usize {
        self.taken_octets += octets;
        let earned = self.taken_octets / OCTETS_A_CONTROL_FRAME;
        self.taken_octets %= OCTETS_A_CONTROL_FRAME;
        earned
    }

    /// Returns: the time since the last tick.
    fn advance(&mut self, now: Duration) -> Duration {
        let is_first = self.now.is_none();
        let elapsed = now.saturating_sub(self.now.replace(now).unwrap_or(now));
        if std::mem::take(&mut self.received) || is_first {
            self.last_received = now;
        }
        if std::mem::take(&mut self.taken) || is_first {
            self.last_taken = now;
        }
        if std::mem::take(&mut self.busy) || is_first {
            self.last_busy = now;
        }
        elapsed
    }
}

impl Connection {
    /// Let time pass: allowances fill up, what takes too long ends.
    ///
    /// Args:    `now`, monotonic, from any origin; first soon after [`Connection::new`], then as [`Connection::deadline`] asks.
    pub fn tick(&mut self, now: Duration) {
        let elapsed = self.clock.advance(now);
        self.control_frames.pass_time(elapsed);
        self.resets.pass_time(elapsed);
        self.check_owed(now);
        self.check_output(now);
        self.check_streams(now);
        self.check_idle(now);
        self.check_ping(now);
    }

    /// When [`Connection::tick`] should be called next; `None` once closed.
    pub fn deadline(&self) -> Option<Duration> {
        let now = self.clock.now.unwrap_or_default();
        match self.protocol {
            Protocol::Closed => None,
            Protocol::Open(_) if self.is_idle() && !self.draining => {
                Some((self.clock.last_busy + self.settings.idle_timeout).max(now))
            }
            _ => Some(now + STEP),
        }
    }

    fn is_idle(&self) -> bool {
        let timed = self.clock.busy || self.clock.owed_since.is_some() || self.frames.is_owed();
        !timed && self.streams.is_empty() && self.pipe.lock().unsent() == 0
    }

    /// A preface, field block or control frame that is begun must come to its end.
    fn check_owed(&mut self, now: Duration) {
        if !self.frames.is_owed() {
            self.clock.owed_since = None;
            return;
        }
        let since = *self.clock.owed_since.get_or_insert(now);
        if now.saturating_sub(since) >= self.settings.header_timeout {
            self.close_for(Reason::ENHANCE_YOUR_CALM, Cause::Timeout);
        }
    }

    /// Output must be taken.
    fn check_output(&mut self, now: Duration) {
        if self.pipe.lock().unsent() == 0 {
            self.clock.last_taken = now;
        } else if now.saturating_sub(self.clock.last_taken) >= self.settings.write_timeout {
            self.end(Reason::NO_ERROR, Cause::Timeout);
        }
    }

    /// A peer must open its windows.
    fn check_streams(&mut self, now: Duration) {
        let (timeout, events) = (self.settings.write_timeout, &mut self.events);
        let mut any = false;
        for stream in self.streams.values_mut() {
            if stream.is_stalled(now, timeout) {
                stream.stall(events);
                any = true;
            }
        }
        if any {
            self.streams.retain(|_, stream| !stream.is_over());
            self.ready.mark();
        }
    }

    /// A connection without requests is drained, then closed.
    fn check_idle(&mut self, now: Duration) {
        if !self.streams.is_empty() {
            self.clock.last_busy = now;
            return;
        }
        self.streams.shrink_to_fit();
        self.events.shrink_to_fit();
        let idle = now.saturating_sub(self.clock.last_busy);
        if self.draining && idle >= self.settings.ping_timeout.min(self.settings.idle_timeout) {
            self.close_for(Reason::NO_ERROR, Cause::Finished);
        } else if idle >= self.settings.idle_timeout {
            self.drain();
            self.clock.last_busy = now;
        }
    }

    /// A silent peer with running requests is asked whether it is there.
    fn check_ping(&mut self, now: Duration) {
        let silent = now.saturating_sub(self.clock.last_received);
        match (self.clock.pinged_at, &mut self.ping) {
            (Some(at), Some(ping)) => {
                let context = &mut std::task::Context::from_waker(&self.waker);
                if ping.poll_pong(context).is_ready() {
                    self.clock.pinged_at = None;
                } else if now.saturating_sub(at) >= self.settings.ping_timeout {
                    self.close_for(Reason::NO_ERROR, Cause::Timeout);
                }
            }
            (None, Some(ping)) if silent >= self.settings.keep_alive && !self.streams.is_empty() => {
                // Fails only while a PING is on its way, which `pinged_at` says.
                let _ = ping.send_ping(Ping::opaque());
                self.clock.pinged_at = Some(now);
                self.ready.mark();
            }
            _ => {}
        }
    }
}
