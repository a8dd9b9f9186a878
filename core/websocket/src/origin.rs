//! Which web pages may open a WebSocket: RFC 6455 section 10.2. A browser sends cookies with the handshake of any page, so this check
//! is what keeps another site from acting for the user.

/// Whether a page of this origin may connect.
///
/// Args:    `origin`, the Origin field, `None` when there is none: no browser, so nobody's cookies are abused;
///          `host`, the Host field or `:authority`;
///          `secure`, whether the request is known to have come over TLS;
///          `allowed`, origins such as `https://app.example`, or `*` for all; when empty, the origin must be that of the request.
/// Returns: true when it may. With a list, only the list counts.
///
/// The request's own origin is one with the same host and port. A port that is not written is the default of the origin's scheme. The
/// scheme must be `https` when `secure`; else it may be either, since TLS may end before this server.
pub fn origin_allowed<S: AsRef<[u8]>>(origin: Option<&[u8]>, host: Option<&[u8]>, secure: bool, allowed: &[S]) -> bool {
    let Some(origin) = origin else { return true };
    if allowed.is_empty() {
        return host.is_some_and(|host| is_same(origin, host, secure));
    }
    allowed.iter().map(AsRef::as_ref).any(|allowed| allowed == b"*" || is_listed(origin, allowed))
}

fn is_same(origin: &[u8], host: &[u8], secure: bool) -> bool {
    let Some((scheme, authority)) = split_scheme(origin) else { return false };
    let Some(default_port) = scheme.default_port() else { return false };
    if secure && scheme.0 != b"https" {
        return false;
    }
    match (split_port(authority, default_port), split_port(host, default_port)) {
        (Some((name, port)), Some((own, own_port))) => name.eq_ignore_ascii_case(own) && port == own_port,
        _ => false,
    }
}

fn is_listed(origin: &[u8], allowed: &[u8]) -> bool {
    let parts = |origin| {
        let (scheme, authority): (Scheme<'_>, _) = split_scheme(origin)?;
        let (name, port) = split_port(authority, scheme.default_port()?)?;
        Some((scheme.0, name.to_ascii_lowercase(), port))
    };
    match (parts(origin), parts(allowed)) {
        (Some(origin), Some(allowed)) => origin == allowed,
        // Such as `null` or the origin of a browser's extension.
        _ => origin == allowed,
    }
}

/// In lower case, as browsers send it; others match nothing.
struct Scheme<'a>(&'a [u8]);

impl Scheme<'_> {
    fn default_port(&self) -> Option<u16> {
        match self.0 {
            b"http" => Some(80),
            b"https" => Some(443),
            _ => None,
        }
    }
}

fn split_scheme(origin: &[u8]) -> Option<(Scheme<'_>, &[u8])> {
    let end = origin.windows(3).position(|octets| octets == b"://")?;
    Some((Scheme(origin.get(..end)?), origin.get(end + 3..)?))
}

/// The name and the port of `name`, `name:port` or `[address]:port`; `None` when it is neither.
fn split_port(authority: &[u8], default_port: u16) -> Option<(&[u8], u16)> {
    let end = match authority.iter().position(|octet| *octet == b']') {
        Some(bracket) => bracket + 1,
        None => authority.iter().position(|octet| *octet == b':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at_checked(end)?;
    let port = match port {
        [] => default_port,
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(digits).ok()?.parse().ok()?
        }
        _ => return None,
    };
    (!name.is_empty()).then_some((name, port))
}
