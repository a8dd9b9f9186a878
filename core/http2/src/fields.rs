//! The fields of a response.

use http::{HeaderMap, HeaderName, HeaderValue};
use spica_http1::response::check_field;

use crate::error::SendError;

/// RFC 9113 section 8.2.2: these mean the connection, which here is not the response's business. They are left out.
const CONNECTION_SPECIFIC: [&[u8]; 5] =
    [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];

/// Fields a response has room for without growing: with the security headers, most have fewer.
const USUAL: usize = 12;

/// Collect checked fields, names in lower case.
pub(crate) fn collect_fields<'a>(
    fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<HeaderMap, SendError> {
    let mut map = HeaderMap::with_capacity(USUAL);
    for (name, value) in fields {
        if CONNECTION_SPECIFIC.iter().any(|specific| name.eq_ignore_ascii_case(specific)) {
            continue;
        }
        check_field(name, value).map_err(SendError::Field)?;
        let name = HeaderName::from_bytes(name).map_err(|_| SendError::FieldsTooLarge)?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).map_err(|_| SendError::FieldsTooLarge)?;
        map.try_append(name, value).map_err(|_| SendError::FieldsTooLarge)?;
    }
    Ok(map)
}

/// What Content-Length says, if it can be read.
pub(crate) fn declared_length(fields: &HeaderMap) -> Option<u64> {
    fields.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
