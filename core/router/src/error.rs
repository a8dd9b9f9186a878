//! What is wrong with a pattern.

use std::fmt;

/// The kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// The method is not a token in upper case.
    Method,
    /// The routes have too many different methods.
    TooManyMethods,
    /// The pattern does not begin with `/`.
    MissingSlash,
    /// Two slashes without a segment between them.
    EmptySegment,
    /// A text with a character that no path has, or that has a meaning in a URL.
    Text,
    /// Braces that do not enclose a whole segment.
    Braces,
    /// A parameter name that is not an identifier.
    Name,
    /// Two parameters with one name.
    DuplicateName,
    /// A type that does not exist.
    UnknownConverter,
    /// A segment after one that takes the rest of the path.
    RestNotLast,
    /// More than [`crate::MAX_PARAMS`] parameters.
    TooManyParams,
    /// A constraint that is no regular expression, or is one for a parameter that there is not.
    Constraint,
    /// A host that can't be one.
    Host,
}

/// A pattern that cannot be a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The kind of mistake.
    pub kind: PatternErrorKind,
    /// The method and pattern as given.
    pub route: String,
    /// What is wrong, with the part that is.
    pub what: String,
    /// Why it cannot be accepted.
    pub why: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  where  {}\n  why    {}\n  fix    {}", self.what, self.route, self.why, self.fix)
    }
}

impl std::error::Error for PatternError {}

/// The option nearest to `word`, when it is at most two edits away.
pub(crate) fn closest<'a>(word: &str, options: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let nearest = options.map(|option| (distance(word, option), option)).min()?;
    (nearest.0 <= 2 || nearest.1.starts_with(word) || word.starts_with(nearest.1)).then_some(nearest.1)
}

/// The number of insertions, deletions and replacements between two words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
