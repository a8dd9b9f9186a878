//! Every way a request can be refused.

use std::fmt;

/// Why a request is not accepted. The connection is not usable afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status to answer with: 400, 413, 414, 417, 431, 501 or 505.
    pub status: u16,
    /// What was wrong, for logs; never contains bytes of the request.
    pub reason: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}

impl std::error::Error for Refusal {}

const fn bad(reason: &'static str) -> Refusal {
    Refusal { status: 400, reason }
}

const fn refusal(status: u16, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

// Lines
pub(crate) const START: Refusal = bad("the request does not start with a method");
pub(crate) const BARE_LF: Refusal = bad("a line ends with LF instead of CRLF");
pub(crate) const REQUEST_LINE: Refusal = bad("the request line is not method, target and version with single spaces");
pub(crate) const REQUEST_LINE_TOO_LONG: Refusal = refusal(414, "the request line is longer than the limit");
pub(crate) const VERSION: Refusal = refusal(505, "the version is neither HTTP/1.1 nor HTTP/1.0");
pub(crate) const METHOD_TOO_LONG: Refusal = refusal(501, "the method is longer than any method there is");
pub(crate) const CONNECT: Refusal = refusal(501, "CONNECT is for proxies");

// Target
pub(crate) const TARGET_OCTET: Refusal = bad("the target contains an octet that is not visible ASCII, or a fragment");
pub(crate) const TARGET_FORM: Refusal = bad("the target is neither a path nor an http(s) URI");
pub(crate) const TARGET_ESCAPE: Refusal = bad("the path contains % without two hex digits, or %00");
pub(crate) const TARGET_HOST: Refusal = bad("the authority of the target is not the Host field");

// Fields
pub(crate) const FIELD_NAME: Refusal = bad("a field name is not a token followed by a colon");
pub(crate) const FIELD_VALUE: Refusal = bad("a field value contains a control octet");
pub(crate) const FIELD_BLOCK_TOO_LARGE: Refusal = refusal(431, "the fields are larger than the limit");
pub(crate) const TOO_MANY_FIELDS: Refusal = refusal(431, "there are more fields than the limit");
pub(crate) const HOST_MISSING: Refusal = bad("HTTP/1.1 needs a Host field");
pub(crate) const HOST_REPEATED: Refusal = bad("there is more than one Host field");
pub(crate) const HOST: Refusal = bad("the Host field is not a host with an optional port");
pub(crate) const EXPECTATION: Refusal = refusal(417, "the only expectation supported is 100-continue");

// Framing
pub(crate) const LENGTH: Refusal = bad("Content-Length is not a decimal number");
pub(crate) const LENGTH_REPEATED: Refusal = bad("there is more than one Content-Length field");
pub(crate) const CONTENT_TOO_LARGE: Refusal = refusal(413, "the content is larger than the limit");
pub(crate) const CODING: Refusal = bad("Transfer-Encoding is not exactly chunked");
pub(crate) const CODING_UNKNOWN: Refusal = refusal(501, "the only transfer coding supported is chunked");
pub(crate) const CODING_IN_1_0: Refusal = bad("HTTP/1.0 has no Transfer-Encoding");
pub(crate) const CODING_AND_LENGTH: Refusal = bad("Transfer-Encoding and Content-Length exclude each other");

// Content
pub(crate) const CHUNK_SIZE: Refusal = bad("a chunk size is not 1 to 16 hex digits");
pub(crate) const CHUNK_LINE: Refusal = bad("the line of a chunk size does not end with CRLF");
pub(crate) const CHUNK_EXTENSION: Refusal = bad("a chunk extension is malformed");
pub(crate) const CHUNK_EXTENSIONS_TOO_LARGE: Refusal = bad("the chunk extensions are larger than the limit");
pub(crate) const CHUNK_END: Refusal = bad("a chunk does not end with CRLF");
pub(crate) const TRAILER: Refusal = bad("a trailer field is malformed");
pub(crate) const TRAILER_FORBIDDEN: Refusal = bad("a field is not allowed as a trailer");
