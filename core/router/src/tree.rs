//! The tree of patterns with parameters, and the search in it.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memchr;

use crate::converter::Kind;
use crate::decode::{decode, decode_with_places};
use crate::hash::ByteMap;
use crate::methods::Asked;
use crate::mixed::Mixed;
use crate::params::{Param, Params};
use crate::pattern::Segment;
use crate::take::Take;

/// Asks whether a guarded route takes a request, once everything else matches.
pub type Guard<'g> = dyn FnMut(u32, &Params) -> bool + 'g;

/// The routes of one pattern, by method.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    /// The bits of the methods that have a route without a guard.
    mask: u64,
    /// The routes, in the order of the bits.
    routes: Vec<u32>,
    /// Routes with a guard and the bits of their methods, in the order of declaration. They are asked first.
    guarded: Vec<(u64, u32)>,
}

impl Leaf {
    /// The unguarded route for exactly the method with `bit`.
    #[inline]
    pub(crate) fn route(&self, bit: u64) -> Option<u32> {
        if self.mask & bit == 0 {
            return None;
        }
        Some(self.routes[self.index(bit)])
    }

    /// The guarded routes for exactly the method with `bit`.
    pub(crate) fn guarded(&self, bit: u64) -> impl Iterator<Item = u32> + '_ {
        self.guarded.iter().filter(move |(own, _)| *own == bit).map(|(_, route)| *route)
    }

    pub(crate) fn insert(&mut self, bit: u64, route: u32, is_guarded: bool) {
        if is_guarded {
            return self.guarded.push((bit, route));
        }
        self.routes.insert(self.index(bit), route);
        self.mask |= bit;
    }

    fn index(&self, bit: u64) -> usize {
        (self.mask & bit.wrapping_sub(1)).count_ones() as usize
    }
}

/// A prefix of patterns: what may follow it, in the order in which it is tried.
#[derive(Debug, Default)]
pub(crate) struct Node {
    texts: ByteMap<Node>,
    mixed: Vec<(Mixed, Node)>,
    /// Sorted by kind.
    params: Vec<(Take, Node)>,
    leaf: Leaf,
}

impl Node {
    /// The leaf of the pattern `segments`, made when it is new.
    pub(crate) fn leaf_of(&mut self, segments: &[Segment]) -> &mut Leaf {
        &mut segments.iter().fold(self, Self::child).leaf
    }

    fn child(&mut self, segment: &Segment) -> &mut Self {
        match segment {
            Segment::Text(text) => self.texts.entry(text.clone()).or_default(),
            Segment::Mixed(mixed) => edge(&mut self.mixed, mixed, Mixed::rank),
            Segment::Param(take) => edge(&mut self.params, take, Take::rank),
        }
    }
}

/// The node behind an edge, put where its rank says, behind its equals, when it is new.
fn edge<'n, E: Clone + PartialEq>(
    edges: &'n mut Vec<(E, Node)>,
    wanted: &E,
    rank: fn(&E, &E) -> Ordering,
) -> &'n mut Node {
    let index = edges.iter().position(|(known, _)| known == wanted).unwrap_or_else(|| {
        let index = edges.partition_point(|(known, _)| rank(known, wanted) != Ordering::Greater);
        edges.insert(index, (wanted.clone(), Node::default()));
        index
    });
    &mut edges[index].1
}

/// One match in progress.
pub(crate) struct Search<'p, 'g> {
    path: &'p [u8],
    is_encoded: bool,
    asked: Asked,
    /// The methods of every leaf that matched the path.
    pub seen: u64,
    params: &'p mut Params,
    guard: &'p mut Guard<'g>,
}

impl<'p, 'g> Search<'p, 'g> {
    pub(crate) fn new(
        path: &'p [u8],
        is_encoded: bool,
        asked: Asked,
        params: &'p mut Params,
        guard: &'p mut Guard<'g>,
    ) -> Self {
        Self { path, is_encoded, asked, seen: 0, params, guard }
    }

    /// Match the segments from offset `at`; `None` is behind the last one.
    pub(crate) fn walk(&mut self, node: &Node, at: Option<usize>) -> Option<u32> {
        let Some(start) = at else {
            return self.arrive(&node.leaf).or_else(|| self.capture_nothing(node, self.path.len()));
        };
        let end = memchr(b'/', &self.path[start..]).map_or(self.path.len(), |offset| start + offset);
        let next = (end < self.path.len()).then_some(end + 1);
        let segment = self.decoded(start, end);
        if !node.texts.is_empty() {
            if let Some(child) = node.texts.get(&*segment) {
                if let Some(route) = self.walk(child, next) {
                    return Some(route);
                }
            }
        }
        if start == end {
            return self.capture_nothing(node, start);
        }
        if !node.mixed.is_empty() {
            let found = node.mixed.iter().find_map(|(mixed, child)| self.split(mixed, child, (start, end), next));
            if found.is_some() {
                return found;
            }
        }
        node.params.iter().find_map(|(take, child)| self.capture(take, child, (start, end), &segment, next))
    }

    /// Try one parameter on the segment.
    fn capture(
        &mut self,
        take: &Take,
        child: &Node,
        span: (usize, usize),
        segment: &[u8],
        next: Option<usize>,
    ) -> Option<u32> {
        let (int, end, next) = match take.takes_rest() {
            false => (take.accept(segment)?, span.1, next),
            true if take.constraint.is_none() => (0, self.path.len(), None),
            true => (take.accept(&self.decoded(span.0, self.path.len()))?, self.path.len(), None),
        };
        self.push(take.kind, (span.0, end), int);
        self.go_on(self.params.len() - 1, child, next)
    }

    /// Try a segment of texts and parameters.
    fn split(&mut self, mixed: &Mixed, child: &Node, span: (usize, usize), next: Option<usize>) -> Option<u32> {
        let raw = &self.path[span.0..span.1];
        let before = self.params.len();
        if self.is_encoded {
            let (text, places) = decode_with_places(raw);
            let pieces = mixed.split(&text)?;
            for (&(from, to, int), (take, _)) in pieces.iter().rev().zip(&mixed.takes) {
                self.push(take.kind, (span.0 + places[from], span.0 + places[to]), int);
            }
        } else {
            let pieces = mixed.split(raw)?;
            for (&(from, to, int), (take, _)) in pieces.iter().rev().zip(&mixed.takes) {
                self.push(take.kind, (span.0 + from, span.0 + to), int);
            }
        }
        self.go_on(before, child, next)
    }

    /// A fallback takes what is left, also when that is nothing.
    fn capture_nothing(&mut self, node: &Node, at: usize) -> Option<u32> {
        let (_, child) = node.params.last().filter(|(take, _)| take.kind == Kind::Rest)?;
        self.push(Kind::Rest, (at, self.path.len()), 0);
        let route = self.arrive(&child.leaf);
        if route.is_none() {
            self.params.truncate(self.params.len() - 1);
        }
        route
    }

    /// Match the rest; what was captured from `before` on is taken back when it doesn't.
    fn go_on(&mut self, before: usize, child: &Node, next: Option<usize>) -> Option<u32> {
        let found = self.walk(child, next);
        if found.is_none() {
            self.params.truncate(before);
        }
        found
    }

    fn push(&mut self, kind: Kind, span: (usize, usize), int: i64) {
        self.params.push(Param { kind, start: span.0 as u32, end: span.1 as u32, int, in_host: false });
    }

    pub(crate) fn arrive(&mut self, leaf: &Leaf) -> Option<u32> {
        let Asked { bit, fallback } = self.asked;
        if leaf.guarded.is_empty() {
            self.seen |= leaf.mask;
            return leaf.route(bit).or_else(|| leaf.route(fallback));
        }
        self.arrive_guarded(leaf)
    }

    /// Guarded routes of another method are asked too, when nothing else answers: Allow must not name one that refuses.
    fn arrive_guarded(&mut self, leaf: &Leaf) -> Option<u32> {
        for bit in [self.asked.bit, self.asked.fallback] {
            let guarded = leaf.guarded(bit).find(|route| (self.guard)(*route, self.params));
            if let Some(route) = guarded.or_else(|| leaf.route(bit)) {
                return Some(route);
            }
        }
        self.seen |= leaf.mask;
        for &(bit, route) in &leaf.guarded {
            let is_known = (self.seen | self.asked.bit | self.asked.fallback) & bit != 0;
            if !is_known && (self.guard)(route, self.params) {
                self.seen |= bit;
            }
        }
        None
    }

    fn decoded(&self, start: usize, end: usize) -> Cow<'p, [u8]> {
        let raw = &self.path[start..end];
        match self.is_encoded {
            true => decode(raw),
            false => Cow::Borrowed(raw),
        }
    }
}
