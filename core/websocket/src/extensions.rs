//! The grammar of Sec-WebSocket-Extensions: RFC 6455 section 9.1.

use crate::syntax::{is_token_octet, token};

/// One extension a client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    pub(crate) name: &'a str,
    /// Names and values in order; a quoted value is without its quotes and escapes.
    pub(crate) parameters: Vec<(&'a str, Option<String>)>,
}

/// Read one field; `None` when it does not follow the grammar.
///
/// Source: RFC 6455 section 9.1: a quoted value must be a token once it is unquoted.
pub(crate) fn parse_offers(field: &[u8]) -> Option<Vec<Offer<'_>>> {
    let mut cursor = Cursor(field);
    let mut offers = Vec::new();
    loop {
        while cursor.skip(b',') {}
        if cursor.0.is_empty() {
            return Some(offers);
        }
        let mut offer = Offer { name: cursor.token()?, parameters: Vec::new() };
        while cursor.skip(b';') {
            let name = cursor.token()?;
            let value = if cursor.skip(b'=') { Some(cursor.value()?) } else { None };
            offer.parameters.push((name, value));
        }
        if !(cursor.0.is_empty() || cursor.skip(b',')) {
            return None;
        }
        offers.push(offer);
    }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Skip `octet` and the white space around it; whether it was there.
    fn skip(&mut self, octet: u8) -> bool {
        self.skip_space();
        match self.0 {
            [first, rest @ ..] if *first == octet => {
                self.0 = rest;
                self.skip_space();
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<&'a str> {
        let length = self.0.iter().take_while(|octet| is_token_octet(**octet)).count();
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        token(text)
    }

    fn value(&mut self) -> Option<String> {
        let [b'"', rest @ ..] = self.0 else { return self.token().map(str::to_owned) };
        self.0 = rest;
        let mut text = Vec::new();
        loop {
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    return token(&text).map(str::to_owned);
                }
                [b'\\', octet, rest @ ..] | [octet, rest @ ..] => {
                    text.push(*octet);
                    self.0 = rest;
                }
                [] => return None,
            }
        }
    }
}
