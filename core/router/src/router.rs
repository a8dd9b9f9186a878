//! A match, from method and path to a route or a miss.

use memchr::memchr;

use crate::allow::AllowTexts;
use crate::decode::decode;
use crate::hash::ByteMap;
use crate::methods::{Asked, Methods};
use crate::params::Params;
use crate::tree::{Leaf, Node, Search};

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'r> {
    /// The number of the route, as [`crate::RouterBuilder::add`] returned it.
    Route(u32),
    /// No route has this path: 404.
    NotFound,
    /// Routes have this path but not this method: 405 with this Allow.
    MethodNotAllowed(&'r str),
    /// OPTIONS of a path whose routes do not declare it: 204 with this Allow.
    Options(&'r str),
}

/// All routes, ready to match. Shared freely between threads.
#[derive(Debug)]
pub struct Router {
    pub(crate) methods: Methods,
    /// Patterns without parameters, by their decoded path.
    pub(crate) fixed: ByteMap<Leaf>,
    /// Patterns with parameters.
    pub(crate) root: Node,
    pub(crate) allow: AllowTexts,
}

impl Router {
    /// Find the route for `method` and `path`.
    ///
    /// Args:    `method` as sent; `path` as sent, without the query; `params`, overwritten.
    /// Returns: see [`Found`]; `params` are those of the route, empty when none was found.
    pub fn find(&self, method: &[u8], path: &[u8], params: &mut Params) -> Found<'_> {
        params.clear();
        let asked = self.methods.ask(method);
        let [b'/', ..] = path else {
            return self.find_asterisk(path, asked);
        };
        let is_encoded = memchr(b'%', path).is_some();
        let mut seen = 0;
        if let Some(leaf) = self.find_fixed(path, is_encoded) {
            seen = leaf.mask;
            if let Some(route) = leaf.answer(asked) {
                return Found::Route(route);
            }
        }
        let mut search = Search::new(path, is_encoded, asked, seen, params);
        match search.walk(&self.root, Some(1)) {
            Some(route) => Found::Route(route),
            None => self.miss(search.seen, asked),
        }
    }

    fn find_fixed(&self, path: &[u8], is_encoded: bool) -> Option<&Leaf> {
        if !is_encoded {
            return self.fixed.get(path);
        }
        // A slash that was encoded belongs to a segment, and no text of a pattern contains one.
        let is_slash = |digits: &[u8]| digits.eq_ignore_ascii_case(b"%2f");
        if path.windows(3).any(is_slash) {
            return None;
        }
        self.fixed.get(&*decode(path))
    }

    /// RFC 9110 section 9.3.7: `OPTIONS *` asks about the server as a whole.
    fn find_asterisk(&self, path: &[u8], asked: Asked) -> Found<'_> {
        match path == b"*" && asked.is_options() {
            true => Found::Options(self.allow.text(u64::MAX, &self.methods)),
            false => Found::NotFound,
        }
    }

    fn miss(&self, seen: u64, asked: Asked) -> Found<'_> {
        match (seen, asked.is_options()) {
            (0, _) => Found::NotFound,
            (seen, true) => Found::Options(self.allow.text(seen, &self.methods)),
            (seen, false) => Found::MethodNotAllowed(self.allow.text(seen, &self.methods)),
        }
    }
}
