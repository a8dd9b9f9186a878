//! The answer to a request for a file: conditions, then ranges, then what to send.

use std::borrow::Cow;
use std::fs::File;

use spica_coding::Coding;

use crate::conditions::{check_conditions, is_range_wanted, Validators, Verdict};
use crate::date::render_date;
use crate::multipart;
use crate::opened::Opened;
use crate::ranges::{select_ranges, Selection};
use crate::request::Request;

/// A status, its fields, and where its content lies.
#[derive(Debug)]
pub struct Answer {
    /// 200, 206, 304, 412, 416 or 503.
    pub status: u16,
    /// Lower-case names. Content-Length is not among them.
    pub fields: Vec<(&'static str, Cow<'static, str>)>,
    /// Content-Length, also of a HEAD's answer; meaningless for 304.
    pub len: u64,
    /// What follows the head.
    pub body: Body,
}

/// The content of an answer.
#[derive(Debug)]
pub enum Body {
    /// Nothing: HEAD, 304, an error, an empty file.
    Empty,
    /// Parts in order; their lengths add up to [`Answer::len`].
    Segments {
        /// What [`Segment::File`] is about.
        file: File,
        /// At least one.
        segments: Vec<Segment>,
    },
}

/// A part of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Octets made here: the fields between ranges.
    Bytes(Vec<u8>),
    /// Octets of the file.
    File {
        /// Where they start.
        offset: u64,
        /// How many; more than 0.
        len: u64,
    },
}

/// What is said about a file besides its content.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// Content-Type.
    pub content_type: Cow<'static, str>,
    /// Cache-Control, "" for none.
    pub cache_control: Cow<'static, str>,
    /// The coding that the file's octets are in.
    pub coding: Option<Coding>,
    /// Whether another client might be sent another coding: adds Vary.
    pub varies: bool,
    /// The hash in the file's name, which then is its ETag: hosts that built the same file agree, whatever its time.
    pub fingerprint: Option<String>,
}

/// Answer with an open file, for GET and HEAD; other methods are answered as GET.
///
/// `answer_file` is for a response that would be 200: where a handler chose another status, conditions and ranges have no place.
pub fn answer_file(opened: Opened, description: Description, request: &Request<'_>) -> Answer {
    let last_modified = opened.last_modified(request.now);
    let etag = match &description.fingerprint {
        Some(hash) => tag_of(hash, description.coding),
        None => opened.etag(description.coding),
    };
    let validators = Validators { etag: Some(&etag), last_modified };
    match check_conditions(request, validators) {
        Verdict::Failed => return Answer::without_content(412),
        Verdict::NotModified => {
            let mut answer = Answer::without_content(304);
            answer.push_caching(etag, &description);
            return answer;
        }
        Verdict::Proceed => {}
    }
    let selection = match request.field("range") {
        // RFC 9110 section 14.2: only GET has ranges.
        Some(range) if request.method == b"GET" && is_range_wanted(request, validators) => {
            select_ranges(range, opened.len)
        }
        _ => Selection::Whole,
    };
    let mut answer = match selection {
        Selection::Unsatisfiable => {
            let mut answer = Answer::without_content(416);
            answer.fields.push(("content-range", format!("bytes */{}", opened.len).into()));
            return answer;
        }
        Selection::Parts(parts) if parts.len() == 1 || description.coding.is_none() => {
            partial(&parts, opened, &description)
        }
        // The parts of an encoded file would be neither in its coding nor out of it; the whole is always right.
        Selection::Parts(_) | Selection::Whole => whole(opened, &description, request.is_head()),
    };
    answer.fields.push(("accept-ranges", "bytes".into()));
    if let Some(seconds) = last_modified {
        answer.fields.push(("last-modified", render_date(seconds).into()));
    }
    if let Some(coding) = description.coding {
        answer.fields.push(("content-encoding", coding.token().into()));
    }
    answer.push_caching(etag, &description);
    answer
}

/// A strong ETag of a fingerprint; each coding has its own.
fn tag_of(fingerprint: &str, coding: Option<Coding>) -> String {
    let (dash, token) = coding.map_or(("", ""), |coding| ("-", coding.token()));
    format!("\"{fingerprint}{dash}{token}\"")
}

fn whole(opened: Opened, description: &Description, is_head: bool) -> Answer {
    let body = match is_head || opened.len == 0 {
        true => Body::Empty,
        false => Body::Segments { segments: vec![Segment::File { offset: 0, len: opened.len }], file: opened.file },
    };
    let fields = vec![("content-type", description.content_type.clone())];
    Answer { status: 200, fields, len: opened.len, body }
}

fn partial(parts: &[std::ops::Range<u64>], opened: Opened, description: &Description) -> Answer {
    let (segments, fields) = match parts {
        [part] => (
            vec![Segment::File { offset: part.start, len: part.end - part.start }],
            vec![
                ("content-type", description.content_type.clone()),
                ("content-range", multipart::content_range(part, opened.len).into()),
            ],
        ),
        parts => {
            let boundary = multipart::boundary();
            let content_type = format!("multipart/byteranges; boundary={boundary}").into();
            (
                multipart::lay_out(parts, opened.len, &description.content_type, &boundary),
                vec![("content-type", content_type)],
            )
        }
    };
    let len = segments.iter().map(Segment::len).sum();
    Answer { status: 206, fields, len, body: Body::Segments { file: opened.file, segments } }
}

impl Answer {
    pub(crate) fn without_content(status: u16) -> Self {
        Answer { status, fields: Vec::new(), len: 0, body: Body::Empty }
    }

    /// The fields that a 304 repeats from its 200 (RFC 9110 section 15.4.5).
    fn push_caching(&mut self, etag: String, description: &Description) {
        self.fields.push(("etag", etag.into()));
        if !description.cache_control.is_empty() {
            self.fields.push(("cache-control", description.cache_control.clone()));
        }
        if description.varies {
            self.fields.push(("vary", "accept-encoding".into()));
        }
    }
}

impl Segment {
    /// Octets on the wire.
    #[allow(clippy::len_without_is_empty, reason = "a segment is never empty")]
    pub fn len(&self) -> u64 {
        match self {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::File { len, .. } => *len,
        }
    }
}
