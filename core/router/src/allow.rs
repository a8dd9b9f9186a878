//! The values of Allow, each made when it is first needed and then kept.

use std::sync::OnceLock;

use crate::methods::Methods;

/// A list that only grows, so that what it holds can be lent as long as the router lives. Its length is the number of different method
/// sets that refused requests have met: a handful.
#[derive(Debug, Default)]
pub(crate) struct AllowTexts {
    first: OnceLock<Box<Entry>>,
}

#[derive(Debug)]
struct Entry {
    mask: u64,
    text: String,
    rest: AllowTexts,
}

impl AllowTexts {
    pub(crate) fn text(&self, mask: u64, methods: &Methods) -> &str {
        let mut list = self;
        loop {
            let entry = list
                .first
                .get_or_init(|| Box::new(Entry { mask, text: methods.allow(mask), rest: AllowTexts::default() }));
            if entry.mask == mask {
                return &entry.text;
            }
            list = &entry.rest;
        }
    }
}
