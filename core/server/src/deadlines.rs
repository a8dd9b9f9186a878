//! A hashed wheel of deadlines: one entry a connection, moved lazily.
//!
//! A connection's deadline changes with every request; its entry does not. When an entry comes up and the deadline has
//! moved on, the entry is put where the deadline is now. Only a deadline that moves nearer than its entry costs an
//! insertion, and the old entry is dropped when it comes up. So a busy connection pays one store per request.

use crate::application::Token;
use crate::clock::Tick;

const SLOTS: usize = 512;

/// Deadlines by slot of time.
pub struct Deadlines {
    slots: Vec<Vec<(Tick, Token)>>,
    next: Tick,
    len: usize,
}

impl Deadlines {
    /// Starts empty at tick 0.
    pub fn new() -> Self {
        Deadlines { slots: (0..SLOTS).map(|_| Vec::new()).collect(), next: 0, len: 0 }
    }

    /// Enters `token` to come up at `due`, or at the wheel's end when that is farther away.
    /// Returns the tick at which it comes up: the caller keeps it to tell a current entry from an outdated one.
    pub fn insert(&mut self, due: Tick, token: Token) -> Tick {
        let at = due.clamp(self.next, self.next + SLOTS as Tick - 1);
        self.slots[at as usize % SLOTS].push((at, token));
        self.len += 1;
        at
    }

    /// Moves every entry that is due at `now` into `due`, as (tick it was entered for, token).
    pub fn take_due(&mut self, now: Tick, due: &mut Vec<(Tick, Token)>) {
        while self.next <= now {
            let slot = &mut self.slots[self.next as usize % SLOTS];
            self.len -= slot.len();
            due.append(slot);
            self.next += 1;
        }
    }

    /// Whether nothing is entered, so that the timer can rest.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Skips to `now` while nothing is entered, so that a long rest is not walked slot by slot.
    pub fn rest_until(&mut self, now: Tick) {
        if self.len == 0 {
            self.next = self.next.max(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(wheel: &mut Deadlines, now: Tick) -> Vec<(Tick, Token)> {
        let mut out = Vec::new();
        wheel.take_due(now, &mut out);
        out
    }

    #[test]
    fn comes_up_at_its_tick_and_once() {
        let mut wheel = Deadlines::new();
        wheel.insert(5, Token(1));
        assert!(due(&mut wheel, 4).is_empty());
        assert_eq!(due(&mut wheel, 5), [(5, Token(1))]);
        assert!(due(&mut wheel, 5000).is_empty());
        assert!(wheel.is_empty());
    }

    #[test]
    fn beyond_the_end_comes_up_at_the_end() {
        let mut wheel = Deadlines::new();
        assert_eq!(wheel.insert(10_000, Token(7)), SLOTS as Tick - 1);
        assert_eq!(due(&mut wheel, SLOTS as Tick).len(), 1);
    }

    #[test]
    fn a_past_deadline_comes_up_next() {
        let mut wheel = Deadlines::new();
        due(&mut wheel, 99);
        wheel.insert(3, Token(1));
        assert_eq!(due(&mut wheel, 100).len(), 1);
    }

    #[test]
    fn rests_without_walking() {
        let mut wheel = Deadlines::new();
        wheel.rest_until(4_000_000_000);
        wheel.insert(4_000_000_001, Token(1));
        assert_eq!(due(&mut wheel, 4_000_000_001).len(), 1);
    }
}
