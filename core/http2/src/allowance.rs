//! How often a peer may do something that costs it nothing (RFC 9113 section 10.5).

use std::time::Duration;

/// An allowance that is spent by the peer and fills up again with time and by useful work.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u32,
    most: u32,
    per_second: u32,
    /// Thousandths that time has earned but that do not make one yet.
    thousandths: u64,
}

impl Allowance {
    pub(crate) fn new(most: u32, per_second: u32) -> Self {
        Self { left: most, most, per_second, thousandths: 0 }
    }

    /// Whether there was one left to spend.
    pub(crate) fn spend(&mut self) -> bool {
        let spent = self.left.checked_sub(1);
        self.left = spent.unwrap_or(0);
        spent.is_some()
    }

    pub(crate) fn earn(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(count).min(self.most);
    }

    pub(crate) fn pass_time(&mut self, elapsed: Duration) {
        let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.thousandths = self.thousandths.saturating_add(milliseconds.saturating_mul(u64::from(self.per_second)));
        self.earn(usize::try_from(self.thousandths / 1000).unwrap_or(usize::MAX));
        self.thousandths %= 1000;
    }
}
