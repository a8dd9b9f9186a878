//! Two routes that answer the same request.

use std::fmt;

/// Two routes of which the second could never be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The method both answer.
    pub method: String,
    /// A path both answer.
    pub path: String,
    /// The label and pattern of the route added first.
    pub first: String,
    /// The label and pattern of the route added later.
    pub second: String,
    /// Why the second is never reached.
    pub why: String,
    /// What to change.
    pub fix: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "two routes answer {} {}\n  where  {}\n         {}\n  why    {}\n  fix    {}",
            self.method, self.path, self.first, self.second, self.why, self.fix
        )
    }
}

impl std::error::Error for Conflict {}
