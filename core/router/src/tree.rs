//! The tree of patterns with parameters, and the search in it.

use std::borrow::Cow;

use memchr::memchr;

use crate::converter::{Kind, Reach};
use crate::decode::decode;
use crate::hash::ByteMap;
use crate::methods::Asked;
use crate::params::{Param, Params};
use crate::pattern::Segment;

/// The routes of one pattern, by method.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    /// The bits of the methods that have a route.
    pub mask: u64,
    /// The routes, in the order of the bits.
    routes: Vec<u32>,
}

impl Leaf {
    /// The route for exactly the method with `bit`.
    #[inline]
    pub(crate) fn route(&self, bit: u64) -> Option<u32> {
        if self.mask & bit == 0 {
            return None;
        }
        Some(self.routes[self.index(bit)])
    }

    /// The route for a request.
    #[inline]
    pub(crate) fn answer(&self, asked: Asked) -> Option<u32> {
        self.route(asked.bit).or_else(|| self.route(asked.fallback))
    }

    pub(crate) fn insert(&mut self, bit: u64, route: u32) {
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
    /// Sorted by kind.
    params: Vec<(Kind, Node)>,
    leaf: Leaf,
}

impl Node {
    /// The leaf of the pattern `segments`, made when it is new.
    pub(crate) fn leaf_of(&mut self, segments: &[Segment]) -> &mut Leaf {
        segments.iter().fold(self, Self::child).leaf_mut()
    }

    fn leaf_mut(&mut self) -> &mut Leaf {
        &mut self.leaf
    }

    fn child(&mut self, segment: &Segment) -> &mut Self {
        match segment {
            Segment::Text(text) => self.texts.entry(text.clone()).or_default(),
            Segment::Param(kind) => {
                let index = self.params.partition_point(|(known, _)| known < kind);
                if self.params.get(index).is_none_or(|(known, _)| known != kind) {
                    self.params.insert(index, (*kind, Self::default()));
                }
                &mut self.params[index].1
            }
        }
    }
}

/// One match in progress.
pub(crate) struct Search<'p> {
    path: &'p [u8],
    is_encoded: bool,
    asked: Asked,
    /// The methods of every leaf that matched the path.
    pub seen: u64,
    params: &'p mut Params,
}

impl<'p> Search<'p> {
    pub(crate) fn new(path: &'p [u8], is_encoded: bool, asked: Asked, seen: u64, params: &'p mut Params) -> Self {
        Self { path, is_encoded, asked, seen, params }
    }

    /// Match the segments from offset `at`; `None` is behind the last one.
    pub(crate) fn walk(&mut self, node: &Node, at: Option<usize>) -> Option<u32> {
        let Some(start) = at else {
            return self.arrive(&node.leaf);
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
            return None;
        }
        node.params.iter().find_map(|(kind, child)| self.capture(*kind, child, (start, end), &segment, next))
    }

    /// Try one parameter on the segment.
    fn capture(
        &mut self,
        kind: Kind,
        child: &Node,
        span: (usize, usize),
        segment: &[u8],
        next: Option<usize>,
    ) -> Option<u32> {
        let converter = kind.converter();
        let int = (converter.convert)(segment)?;
        let (end, next) = match converter.reach {
            Reach::Segment => (span.1, next),
            Reach::Rest => (self.path.len(), None),
        };
        self.params.push(Param { kind, start: span.0 as u32, end: end as u32, int });
        let found = self.walk(child, next);
        if found.is_none() {
            self.params.pop();
        }
        found
    }

    fn arrive(&mut self, leaf: &Leaf) -> Option<u32> {
        self.seen |= leaf.mask;
        leaf.answer(self.asked)
    }

    fn decoded(&self, start: usize, end: usize) -> Cow<'p, [u8]> {
        let raw = &self.path[start..end];
        match self.is_encoded {
            true => decode(raw),
            false => Cow::Borrowed(raw),
        }
    }
}
