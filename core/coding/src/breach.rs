//! When compression would leak (BREACH, CVE-2013-3587).

/// Whether a dynamic response may be compressed without giving its secrets away.
///
/// BREACH reads a secret of a page (a CSRF token, an address) from the sizes of its compressed responses. It needs three things at once: a
/// secret beside text the attacker chose, sizes that can be watched, and a way to make the victim's browser send the request, with the
/// victim's credentials, many times. The first two can't be seen from here; the third can. A browser tells in Sec-Fetch-Site who started
/// a request, and a page can't forge or remove that field (Fetch Metadata: a forbidden request-header name).
///
/// | the request | compressed | because |
/// |---|---|---|
/// | without Cookie and Authorization | yes | the response is what anyone gets: there is nothing to learn |
/// | Sec-Fetch-Site: `same-origin` | yes | started by our own page; an attacker's script in there could simply read the response |
/// | Sec-Fetch-Site: `none` | yes | started by the user: address bar, bookmark; pages can't repeat that |
/// | `same-site`, `cross-site` | no | `same-site` includes every subdomain, taken-over ones too |
/// | no such field | no | an old browser, or a program that only has to pay for the bytes |
///
/// Files are public, so they need no such question. The answer depends on the request but Vary need not say so: both forms are the same
/// response.
///
/// Args: `has_credentials`: the request carries Cookie or Authorization; `sec_fetch_site`: that field's value.
pub fn breach_safe(has_credentials: bool, sec_fetch_site: Option<&[u8]>) -> bool {
    !has_credentials || matches!(sec_fetch_site, Some(b"same-origin" | b"none"))
}
