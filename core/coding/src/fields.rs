//! What applying a coding changes in a response's other fields.

/// The field that names the coding; its value is [`Coding::token`](crate::Coding::token).
pub const CONTENT_ENCODING: &str = "content-encoding";

/// Add Accept-Encoding to a response's Vary (RFC 9110 section 12.5.5).
///
/// Due on every response that would have been encoded for another client, encoded or not: a cache must not mix them up.
///
/// Args:    `vary`: the value so far, "" when there is none.
/// Returns: the new value; None when it already says so (or is `*`).
pub fn vary_on_encoding(vary: &str) -> Option<String> {
    let mut members = vary.split(',').map(str::trim);
    if members.clone().all(str::is_empty) {
        return Some("accept-encoding".to_owned());
    }
    match members.any(|member| member == "*" || member.eq_ignore_ascii_case("accept-encoding")) {
        true => None,
        false => Some(format!("{vary}, accept-encoding")),
    }
}

/// Weaken a strong ETag: encoded octets differ from those it was made for (RFC 9110 section 8.8.3.3).
///
/// Returns: None when it is weak already.
pub fn weak_etag(etag: &str) -> Option<String> {
    match etag.starts_with("W/") {
        true => None,
        false => Some(format!("W/{etag}")),
    }
}
