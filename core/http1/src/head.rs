//! The head of a request, as spans of the bytes it was parsed from.

/// A part of the head: offsets from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes of the span; `head` is what was given to [`crate::parse_head`], at least `Head::len` bytes.
    #[inline]
    pub fn of<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.start as usize..self.end as usize]
    }

    /// Where `part`, a slice of `whole`, lies in it. Heads are far below 4 GiB by their limits.
    #[inline]
    pub(crate) fn locate(whole: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        Self::new(start, start + part.len())
    }

    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }
}

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as sent; compare without case.
    pub name: Span,
    /// The value without surrounding white space.
    pub value: Span,
}

/// How the content after the head is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Neither Content-Length nor Transfer-Encoding: there is none.
    None,
    /// Content-Length.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked,
}

/// A parsed head. Made once and used again for the next request: only `fields` owns memory.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method as sent.
    pub method: Span,
    /// The whole request target as sent.
    pub target: Span,
    /// The path, still percent-encoded; starts with `/`, or is `*`.
    pub path: Span,
    /// What follows the first `?`, possibly empty.
    pub query: Option<Span>,
    /// The Host field, or the authority of an absolute target in HTTP/1.0; `None` only in HTTP/1.0.
    pub host: Option<Span>,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor: u8,
    /// The field lines in order, repeats kept.
    pub fields: Vec<Field>,
    /// How the content is framed.
    pub content: Content,
    /// Whether the client lets the connection persist after this request.
    pub keep_alive: bool,
    /// Whether the client waits for 100 (Continue) before sending its content.
    pub expects_continue: bool,
    /// Octets of the head with its final empty line: where the content starts.
    pub len: usize,
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

impl Head {
    /// An empty head, to be filled by [`crate::parse_head`].
    pub fn new() -> Self {
        Self {
            method: Span::default(),
            target: Span::default(),
            path: Span::default(),
            query: None,
            host: None,
            minor: 1,
            fields: Vec::new(),
            content: Content::None,
            keep_alive: false,
            expects_continue: false,
            len: 0,
        }
    }

    /// The value of the first field called `lower_name` (given in lower case), or `None`.
    pub fn field<'a>(&self, head: &'a [u8], lower_name: &[u8]) -> Option<&'a [u8]> {
        self.values(head, lower_name).next()
    }

    /// The values of all fields called `lower_name` (given in lower case), in order.
    pub fn values<'a, 'b>(
        &'b self,
        head: &'a [u8],
        lower_name: &'b [u8],
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
        self.fields
            .iter()
            .filter(move |field| field.name.of(head).eq_ignore_ascii_case(lower_name))
            .map(move |field| field.value.of(head))
    }
}
