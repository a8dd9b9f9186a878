//! Status codes (RFC 9110 section 15 and the IANA registry).

/// The two look-ups over one table of codes: the reason phrase, and the whole status line as one constant.
macro_rules! status_table {
    ($($status:literal $reason:literal)*) => {
        /// The reason phrase of `status`; empty for one that is not registered.
        pub fn reason(status: u16) -> &'static str {
            match status {
                $($status => $reason,)*
                _ => "",
            }
        }

        fn status_line(status: u16) -> Option<&'static str> {
            match status {
                $($status => Some(concat!("HTTP/1.1 ", $status, " ", $reason, "\r\n")),)*
                _ => None,
            }
        }

        #[cfg(test)]
        const STATUSES: &[u16] = &[$($status),*];
    };
}

status_table! {
    100 "Continue"
    101 "Switching Protocols"
    102 "Processing"
    103 "Early Hints"
    200 "OK"
    201 "Created"
    202 "Accepted"
    203 "Non-Authoritative Information"
    204 "No Content"
    205 "Reset Content"
    206 "Partial Content"
    207 "Multi-Status"
    208 "Already Reported"
    226 "IM Used"
    300 "Multiple Choices"
    301 "Moved Permanently"
    302 "Found"
    303 "See Other"
    304 "Not Modified"
    305 "Use Proxy"
    307 "Temporary Redirect"
    308 "Permanent Redirect"
    400 "Bad Request"
    401 "Unauthorized"
    402 "Payment Required"
    403 "Forbidden"
    404 "Not Found"
    405 "Method Not Allowed"
    406 "Not Acceptable"
    407 "Proxy Authentication Required"
    408 "Request Timeout"
    409 "Conflict"
    410 "Gone"
    411 "Length Required"
    412 "Precondition Failed"
    413 "Content Too Large"
    414 "URI Too Long"
    415 "Unsupported Media Type"
    416 "Range Not Satisfiable"
    417 "Expectation Failed"
    421 "Misdirected Request"
    422 "Unprocessable Content"
    423 "Locked"
    424 "Failed Dependency"
    425 "Too Early"
    426 "Upgrade Required"
    428 "Precondition Required"
    429 "Too Many Requests"
    431 "Request Header Fields Too Large"
    451 "Unavailable For Legal Reasons"
    500 "Internal Server Error"
    501 "Not Implemented"
    502 "Bad Gateway"
    503 "Service Unavailable"
    504 "Gateway Timeout"
    505 "HTTP Version Not Supported"
    506 "Variant Also Negotiates"
    507 "Insufficient Storage"
    508 "Loop Detected"
    511 "Network Authentication Required"
}

/// Append the status line. A number outside 100 to 599 is not a status and is written as 500.
pub fn push_status_line(out: &mut Vec<u8>, status: u16) {
    match status_line(status) {
        Some(line) => out.extend_from_slice(line.as_bytes()),
        None if (100..600).contains(&status) => push_unregistered(out, status),
        None => push_status_line(out, 500),
    }
}

/// RFC 9112 section 4: the space stays when the reason is absent.
fn push_unregistered(out: &mut Vec<u8>, status: u16) {
    out.extend_from_slice(b"HTTP/1.1 ");
    super::push_decimal(out, u64::from(status));
    out.extend_from_slice(b" \r\n");
}

/// Whether a response with `status` may have content (RFC 9110 sections 15.2, 15.3.5, 15.3.6, 15.4.5).
pub fn body_allowed(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 205 | 304)
}

/// Whether a response with `status` may carry the length of what is sent: 205 says 0, the others without content say nothing
/// (RFC 9110 section 8.6).
pub fn length_allowed(status: u16) -> bool {
    status == 205 || body_allowed(status)
}

#[cfg(test)]
mod tests {
    use super::{push_status_line, reason, STATUSES};

    #[test]
    fn every_registered_status_has_its_own_line() {
        for &status in STATUSES {
            let mut out = Vec::new();
            push_status_line(&mut out, status);
            assert_eq!(out, format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes());
        }
    }
}
