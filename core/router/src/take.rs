//! What a parameter takes: its type, and what else is demanded of its text.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

use crate::converter::{Kind, Reach};

/// The most octets that a compiled constraint may have.
const REGEX_BYTES: usize = 1 << 20;

/// A parameter's type with its constraints.
#[derive(Clone, Debug)]
pub(crate) struct Take {
    pub kind: Kind,
    /// The texts of a [`Kind::Choice`], sorted.
    pub choices: Box<[Box<[u8]>]>,
    /// What the whole decoded text must match besides.
    pub constraint: Option<Constraint>,
}

/// A regular expression of the application.
#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    pub text: Box<str>,
    regex: Regex,
}

impl Constraint {
    /// Compiles an expression that must match a whole text.
    pub(crate) fn new(text: &str) -> Result<Self, regex::Error> {
        // Alone first: what is only valid between our parentheses is a mistake.
        Regex::new(text)?;
        let regex = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(REGEX_BYTES).build()?;
        Ok(Self { text: text.into(), regex })
    }

    /// Whether all of `text` matches; never when it is no UTF-8.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|text| self.regex.is_match(text))
    }
}

impl Take {
    pub(crate) fn of(kind: Kind) -> Self {
        Self { kind, choices: Box::default(), constraint: None }
    }

    pub(crate) fn choice(choices: impl Iterator<Item = Box<[u8]>>) -> Self {
        let mut choices: Vec<_> = choices.collect();
        choices.sort_unstable();
        choices.dedup();
        Self { kind: Kind::Choice, choices: choices.into(), constraint: None }
    }

    pub(crate) fn takes_rest(&self) -> bool {
        self.kind.converter().reach == Reach::Rest
    }

    /// The value of a decoded text, or `None` when it is not taken.
    #[inline]
    pub(crate) fn accept(&self, text: &[u8]) -> Option<i64> {
        if self.kind == Kind::Choice && !self.choices.iter().any(|choice| **choice == *text) {
            return None;
        }
        let value = (self.kind.converter().convert)(text)?;
        match &self.constraint {
            Some(constraint) => constraint.matches(text).then_some(value),
            None => Some(value),
        }
    }

    /// The order of trying: by type, and what is constrained before what is not. Equal for two that are tried as declared.
    pub(crate) fn rank(&self, other: &Self) -> Ordering {
        (self.kind, self.constraint.is_none()).cmp(&(other.kind, other.constraint.is_none()))
    }

    /// A text that is taken, as far as can be told, for messages.
    pub(crate) fn sample(&self) -> String {
        match self.choices.first() {
            Some(choice) => String::from_utf8_lossy(choice).into_owned(),
            None => self.kind.converter().sample.into(),
        }
    }

    fn key(&self) -> (Kind, &[Box<[u8]>], Option<&str>) {
        (self.kind, &self.choices, self.constraint.as_ref().map(|constraint| &*constraint.text))
    }
}

impl PartialEq for Take {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Take {}
