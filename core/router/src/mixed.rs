//! Segments of text and parameters: `feed.{format}`, `{year:int}-{month:int}`.

use std::cmp::Ordering;

use memchr::memmem;

use crate::take::Take;

/// A segment with at least one text and one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mixed {
    /// The text before the first parameter, possibly empty.
    pub lead: Box<[u8]>,
    /// Each parameter with the text behind it, which is empty for the last at most.
    pub takes: Vec<(Take, Box<[u8]>)>,
}

/// A piece of a segment, from and to, with its value.
pub(crate) type Piece = (usize, usize, i64);

impl Mixed {
    /// Split a decoded segment from its end: each text between two parameters is found at its last occurrence.
    ///
    /// Returns: the pieces, last first; `None` for no match.
    pub(crate) fn split(&self, segment: &[u8]) -> Option<Vec<Piece>> {
        let start = self.lead.len();
        let mut end = segment.len();
        if !segment.starts_with(&self.lead) {
            return None;
        }
        let mut pieces = Vec::with_capacity(self.takes.len());
        for (index, (take, after)) in self.takes.iter().enumerate().rev() {
            end = segment[start..end].strip_suffix(&**after)?.len() + start;
            let begin = match index {
                0 => start,
                _ => {
                    let before = &*self.takes[index - 1].1;
                    start + memmem::rfind(&segment[start..end], before)? + before.len()
                }
            };
            let text = &segment[begin..end];
            if text.is_empty() {
                return None;
            }
            pieces.push((begin, end, take.accept(text)?));
            end = begin;
        }
        Some(pieces)
    }

    /// The order of trying: more text first, then by the parameters. Equal for two that are tried as declared.
    pub(crate) fn rank(&self, other: &Self) -> Ordering {
        let texts = |mixed: &Self| mixed.lead.len() + mixed.takes.iter().map(|(_, after)| after.len()).sum::<usize>();
        let takes = self.takes.iter().zip(&other.takes).map(|((one, _), (two, _))| one.rank(two));
        texts(other).cmp(&texts(self)).then_with(|| takes.fold(Ordering::Equal, Ordering::then))
    }

    pub(crate) fn sample(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.lead).into_owned();
        for (take, after) in &self.takes {
            text += &take.sample();
            text += &String::from_utf8_lossy(after);
        }
        text
    }
}
