//! The line: who waits for a turn when there is more to do than a poll may take (docs/decisions/0010).
//!
//! First come, first served: as long as somebody waits, whoever comes joins the end. How long the line is in time is guessed
//! from how long turns take; who would wait longer than is of use is told so at once.

use std::collections::VecDeque;
use std::time::Duration;

use crate::application::Token;

/// How many times longer than usual a line may be that has only just formed: a burst is done with soon.
const BURST: u32 = 2;
/// How long, in patiences, a line may last before it is no burst any more.
const LASTS: u32 = 2;

/// What becomes of a connection that has something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is served at once.
    Serve,
    /// It waits for its turn.
    Wait,
    /// Its request is answered 503.
    Shed,
}

/// Connections that wait.
#[derive(Default)]
pub struct Line {
    waiting: VecDeque<Token>,
    /// How long a turn takes, smoothed: most who wait bring a whole request, but some only a part of one.
    turn_us: f64,
    /// Since when somebody has waited, without a break.
    since_ms: Option<u64>,
}

impl Line {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Judges an arrival. `is_late`: this poll has worked so long that others in it would notice; asked only when it counts.
    pub fn admit(&self, is_late: impl FnOnce() -> bool, now_ms: u64, patience: Duration) -> Arrival {
        if self.is_empty() && !is_late() {
            return Arrival::Serve;
        }
        let lasts = self.since_ms.is_some_and(|since| u128::from(now_ms - since) > (patience * LASTS).as_millis());
        let most = if lasts { patience } else { patience * BURST };
        if self.waiting.len() as f64 * self.turn_us > most.as_micros() as f64 {
            Arrival::Shed
        } else {
            Arrival::Wait
        }
    }

    /// Adds who has to wait.
    pub fn join(&mut self, token: Token, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
        self.waiting.push_back(token);
    }

    /// Takes out who has waited longest.
    pub fn next(&mut self) -> Option<Token> {
        let token = self.waiting.pop_front();
        if self.is_empty() {
            self.since_ms = None;
        }
        token
    }

    /// Learns from so many turns that took so long together.
    pub fn learn(&mut self, turns: u32, took: Duration) {
        if turns > 0 {
            let each = took.as_secs_f64() * 1e6 / f64::from(turns);
            self.turn_us += (each - self.turn_us) / 8.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    /// A line of `length`, formed at 0, whose turns take 5 ms.
    fn line(length: u64) -> Line {
        let mut line = Line::default();
        (0..100).for_each(|_| line.learn(1, Duration::from_millis(5)));
        (0..length).for_each(|n| line.join(Token(n), 0));
        line
    }

    #[test]
    fn nobody_waits_without_need() {
        assert_eq!(line(0).admit(|| false, 0, PATIENCE), Arrival::Serve);
        assert_eq!(line(0).admit(|| true, 0, PATIENCE), Arrival::Wait);
    }

    #[test]
    fn promise_21_nobody_is_served_before_those_who_wait() {
        let mut line = line(3);
        assert_eq!(line.admit(|| false, 0, PATIENCE), Arrival::Wait);
        line.join(Token(9), 0);
        assert_eq!([line.next(), line.next(), line.next(), line.next()].map(Option::unwrap), [0, 1, 2, 9].map(Token));
    }

    #[test]
    fn promise_21_who_would_wait_too_long_is_told_at_once() {
        assert_eq!(line(90).admit(|| false, 5_000, PATIENCE), Arrival::Wait);
        assert_eq!(line(110).admit(|| false, 5_000, PATIENCE), Arrival::Shed);
    }

    #[test]
    fn a_burst_is_let_in_while_it_is_one() {
        assert_eq!(line(190).admit(|| false, 100, PATIENCE), Arrival::Wait);
        assert_eq!(line(190).admit(|| false, 1_001, PATIENCE), Arrival::Shed);
        assert_eq!(line(210).admit(|| false, 100, PATIENCE), Arrival::Shed);
    }

    #[test]
    fn a_line_that_was_empty_is_a_new_one() {
        let mut line = line(1);
        line.next();
        line.join(Token(7), 9_000);
        (0..150).for_each(|n| line.join(Token(n), 9_000));
        assert_eq!(line.admit(|| false, 9_100, PATIENCE), Arrival::Wait);
    }
}
