//! Public files, which answer GET and HEAD where no route does, and what an answer with a file says.

use std::iter;
use std::sync::Arc;

use spica_files::{Answer, Root};
use spica_http1::Field;

use crate::application::Request;
use crate::reply::Reply;

/// Fields of a request that are lists, which may come in several lines.
const LISTS: [&str; 4] = ["accept-encoding", "if-match", "if-none-match", "range"];
/// Fields about content, which an answer without the file's content does not keep from a handler.
const ABOUT_CONTENT: [&[u8]; 4] = [b"content-type", b"content-encoding", b"content-language", b"content-disposition"];

/// A request's fields as the rules of files ask for them: by name, the lines of a list joined.
pub struct RequestFields<'a> {
    bytes: &'a [u8],
    fields: &'a [Field],
    joined: Vec<(&'static str, Vec<u8>)>,
}

impl<'a> RequestFields<'a> {
    /// Of a parsed head: its bytes and its field lines.
    pub fn new(bytes: &'a [u8], fields: &'a [Field]) -> Self {
        let mut read = RequestFields { bytes, fields, joined: Vec::new() };
        for name in LISTS {
            if read.values(name).nth(1).is_some() {
                let joined = read.values(name).collect::<Vec<_>>().join(&b", "[..]);
                read.joined.push((name, joined));
            }
        }
        read
    }

    /// The value of a field by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        match self.joined.iter().find(|(joined, _)| *joined == name) {
            Some((_, value)) => Some(value),
            None => self.values(name).next(),
        }
    }

    fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let (bytes, fields) = (self.bytes, self.fields);
        fields
            .iter()
            .filter(move |field| field.name.of(bytes).eq_ignore_ascii_case(name.as_bytes()))
            .map(move |field| field.value.of(bytes))
    }
}

/// Answers with a public file. Returns false, and writes nothing, when the request names none.
pub(crate) fn answer_public(roots: &[Arc<Root>], request: &Request<'_>, now: i64, reply: &mut Reply<'_>) -> bool {
    let method = request.head.method.of(request.bytes);
    if roots.is_empty() || !matches!(method, b"GET" | b"HEAD") {
        return false;
    }
    let fields = RequestFields::new(request.bytes, &request.head.fields);
    let field = |name: &str| fields.get(name);
    let asked = spica_files::Request { method, field: &field, now };
    let path = request.head.path.of(request.bytes);
    let Some(answer) = roots.iter().find_map(|root| root.answer(path, &asked)) else { return false };
    if reply.file(answer, iter::empty()).is_err() {
        // It became shorter than it was a moment ago, or its disk fails.
        reply.content(500, "text/plain; charset=utf-8", b"500 Internal Server Error: the file can't be read\n");
    }
    true
}

/// The fields of an answer with a file: what it says itself, then what else the handler said.
pub fn merge_fields<'f>(
    answer: &'f Answer,
    own: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Vec<(&'f [u8], &'f [u8])> {
    let has_content = matches!(answer.status, 200 | 206);
    let file = answer.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let mut merged: Vec<_> = file.clone().collect();
    merged.extend(own.filter(|(name, _)| {
        !file.clone().any(|(known, _)| known.eq_ignore_ascii_case(name))
            && (has_content || !ABOUT_CONTENT.iter().any(|about| about.eq_ignore_ascii_case(name)))
    }));
    merged
}
