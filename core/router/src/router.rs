//! A match, from host, method and path to a route or a miss.

use memchr::memchr;

use crate::allow::AllowTexts;
use crate::decode::decode;
use crate::hash::ByteMap;
use crate::host::{host_name, tails, HostPattern};
use crate::methods::{Asked, Methods};
use crate::params::Params;
use crate::tree::{Guard, Leaf, Node, Search};

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'r> {
    /// The number of the route, as [`crate::RouterBuilder::add`] returned it.
    Route(u32),
    /// The number of the fallback that answers: no route has this path.
    Fallback(u32),
    /// No route has this path: 404.
    NotFound,
    /// Routes have this path but not this method: 405 with this Allow.
    MethodNotAllowed(&'r str),
    /// OPTIONS of a path whose routes do not declare it: 204 with this Allow.
    Options(&'r str),
}

/// What is matched: the Host field's value, the method and the path as sent, the path without the query.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// May be empty.
    pub host: &'a [u8],
    /// As sent.
    pub method: &'a [u8],
    /// As sent, without the query.
    pub path: &'a [u8],
}

/// The routes of one host, or those of every host.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Patterns without parameters, by their decoded path.
    pub fixed: ByteMap<Leaf>,
    /// Patterns with parameters.
    pub root: Node,
    /// What answers where no route does.
    pub fallbacks: Option<Box<Node>>,
}

/// All routes, ready to match. Shared freely between threads.
#[derive(Debug, Default)]
pub struct Router {
    pub(crate) methods: Methods,
    /// The routes of every host.
    pub(crate) anywhere: Tables,
    /// Hosts without parameters, by name.
    pub(crate) hosts: ByteMap<Tables>,
    /// Hosts with parameters by their tail, see [`crate::host`]; those of one tail in the order in which they are tried.
    pub(crate) patterns: ByteMap<Vec<(HostPattern, Tables)>>,
    pub(crate) has_guards: bool,
    pub(crate) has_fallbacks: bool,
    pub(crate) allow: AllowTexts,
}

/// The method that stands for all of them in a tree of fallbacks.
pub(crate) const ANY: Asked = Asked { bit: 1, fallback: 0 };

/// One request, with what is known of its path.
struct Asking<'p, 'a, 'g> {
    path: &'a [u8],
    is_encoded: bool,
    asked: Asked,
    params: &'p mut Params,
    guard: &'p mut Guard<'g>,
    seen: u64,
    /// Whether a fallback is looked for, not a route.
    falls_back: bool,
}

impl Router {
    /// Find the route for `method` and `path` where no route demands a host; a guarded route refuses.
    ///
    /// Args:    `method` as sent; `path` as sent, without the query; `params`, overwritten.
    /// Returns: see [`Found`]; `params` are those of the route, empty when none was found.
    pub fn find(&self, method: &[u8], path: &[u8], params: &mut Params) -> Found<'_> {
        self.find_for(Subject { host: b"", method, path }, params, &mut |_, _| false)
    }

    /// Whether the path and the method alone decide: no route demands a host or has a guard.
    pub fn is_plain(&self) -> bool {
        self.hosts.is_empty() && self.patterns.is_empty() && !self.has_guards
    }

    /// Find the route for a request.
    ///
    /// Args:    `params`, overwritten; `guard`, asked whether a guarded route takes the request, with its parameters.
    /// Returns: see [`Found`]; `params` are those of the route, empty when none was found.
    pub fn find_for(&self, subject: Subject<'_>, params: &mut Params, guard: &mut Guard<'_>) -> Found<'_> {
        params.truncate(0);
        let asked = self.methods.ask(subject.method);
        let path = subject.path;
        let [b'/', ..] = path else {
            return self.find_asterisk(path, asked);
        };
        let is_encoded = memchr(b'%', path).is_some();
        let mut asking = Asking { path, is_encoded, asked, params, guard, seen: 0, falls_back: false };
        let route = match self.hosts.is_empty() && self.patterns.is_empty() {
            true => asking.find_in(&self.anywhere),
            false => self.each_host(subject.host, &mut asking),
        };
        match (route, asking.seen, asked.is_options()) {
            (Some(route), _, _) => Found::Route(route),
            (None, 0, _) if self.has_fallbacks => self.find_fallback(subject.host, &mut asking),
            (None, 0, _) => Found::NotFound,
            (None, seen, true) => Found::Options(self.allow.text(seen, &self.methods)),
            (None, seen, false) => Found::MethodNotAllowed(self.allow.text(seen, &self.methods)),
        }
    }

    /// Try the routes of the host, of hosts with parameters, of every host.
    fn each_host(&self, host: &[u8], asking: &mut Asking<'_, '_, '_>) -> Option<u32> {
        let name = host_name(host);
        if let Some(tables) = self.hosts.get(&*name) {
            if let Some(route) = asking.find_in(tables) {
                return Some(route);
            }
        }
        if !self.patterns.is_empty() {
            let known = |(head, tail)| self.patterns.get(tail).map(|patterns| (head, patterns));
            for (head, patterns) in tails(&name).filter_map(known) {
                for (pattern, tables) in patterns {
                    asking.params.truncate(0);
                    if pattern.capture(head, asking.params) {
                        if let Some(route) = asking.find_in(tables) {
                            return Some(route);
                        }
                    }
                }
            }
        }
        asking.params.truncate(0);
        asking.find_in(&self.anywhere)
    }

    fn find_fallback(&self, host: &[u8], asking: &mut Asking<'_, '_, '_>) -> Found<'_> {
        asking.asked = ANY;
        asking.falls_back = true;
        match self.each_host(host, asking) {
            Some(route) => Found::Fallback(route),
            None => Found::NotFound,
        }
    }

    /// RFC 9110 section 9.3.7: `OPTIONS *` asks about the server as a whole.
    fn find_asterisk(&self, path: &[u8], asked: Asked) -> Found<'_> {
        match path == b"*" && asked.is_options() {
            true => Found::Options(self.allow.text(u64::MAX, &self.methods)),
            false => Found::NotFound,
        }
    }
}

impl Asking<'_, '_, '_> {
    fn find_in(&mut self, tables: &Tables) -> Option<u32> {
        if self.falls_back {
            let root = tables.fallbacks.as_deref()?;
            return Search::new(self.path, self.is_encoded, self.asked, self.params, self.guard).walk(root, Some(1));
        }
        let fixed = self.find_fixed(&tables.fixed);
        let mut search = Search::new(self.path, self.is_encoded, self.asked, self.params, self.guard);
        let route = match fixed {
            Some(leaf) => search.arrive(leaf).or_else(|| search.walk(&tables.root, Some(1))),
            None => search.walk(&tables.root, Some(1)),
        };
        self.seen |= search.seen;
        route
    }

    fn find_fixed<'t>(&self, fixed: &'t ByteMap<Leaf>) -> Option<&'t Leaf> {
        if !self.is_encoded {
            return fixed.get(self.path);
        }
        // A slash that was encoded belongs to a segment, and no text of a pattern contains one.
        let is_slash = |digits: &[u8]| digits.eq_ignore_ascii_case(b"%2f");
        if self.path.windows(3).any(is_slash) {
            return None;
        }
        fixed.get(&*decode(self.path))
    }
}
