//! Whether a response is encoded, and what that changes in its fields.

use spica_coding::fields::{vary_on_encoding, weak_etag};
use spica_coding::{breach_safe, Offered, Policy, Types};

type Fields<'a> = &'a [(&'a str, &'a str)];

fn applies(fields: Fields<'_>) -> bool {
    Policy::default().applies(200, fields.iter().copied(), Some(5000))
}

#[test]
fn types_that_shrink() {
    for value in [
        "text/html",
        "text/html; charset=utf-8",
        "TEXT/CSS",
        "text/event-stream",
        "text/javascript;charset=utf-8",
        "application/json",
        "application/problem+json",
        "application/vnd.api+json; ext=\"a;b\"",
        "image/svg+xml",
        "application/wasm",
        "application/manifest+json",
        "application/atom+xml",
        "font/ttf",
        "font/otf",
        "image/x-icon",
        " application/json ;x",
        "application/x-ndjson",
    ] {
        assert!(applies(&[("Content-Type", value)]), "{value}");
    }
}

#[test]
fn types_that_do_not() {
    for value in [
        "",
        "image/png",
        "image/jpeg",
        "font/woff2",
        "font/woff",
        "video/mp4",
        "application/zip",
        "application/gzip",
        "application/octet-stream",
        "text",
        "textual/html",
        "application/json5x",
        "+json/x",
        "application/pdf",
    ] {
        assert!(!applies(&[("content-type", value)]), "{value}");
    }
    assert!(!applies(&[]), "no type is no text");
}

#[test]
fn own_types() {
    let types: Types = ["application/*", "*+cbor", "Text/Plain"].into_iter().map(str::to_owned).collect();
    for (value, expected) in [
        ("application/x", true),
        ("a/b+CBOR", true),
        ("text/plain", true),
        ("text/html", false),
        ("application", false),
    ] {
        assert_eq!(types.matches(value.as_bytes()), expected, "{value}");
    }
}

#[test]
fn threshold() {
    let policy = Policy::default();
    for (len, expected) in [(Some(0), false), (Some(1023), false), (Some(1024), true), (None, true)] {
        assert_eq!(policy.applies(200, [("content-type", "text/html")], len), expected, "{len:?}");
    }
    let off = Policy { offered: Offered::NONE, ..policy };
    assert!(!off.applies(200, [("content-type", "text/html")], None));
}

#[test]
fn rfc9110_15_statuses() {
    for (status, expected) in
        [(101, false), (200, true), (204, false), (206, false), (304, false), (404, true), (500, true)]
    {
        assert_eq!(Policy::default().applies(status, [("content-type", "text/html")], None), expected, "{status}");
    }
}

#[test]
fn rfc9111_5_2_2_6_no_transform_and_what_is_bound_to_its_octets() {
    let html = ("content-type", "text/html");
    for (name, value, expected) in [
        ("cache-control", "no-transform", false),
        ("Cache-Control", "public, No-Transform", false),
        ("cache-control", "no-store", true),
        ("cache-control", "private=\"no-transforms\"", true),
        ("content-encoding", "gzip", false),
        ("Content-Range", "bytes 0-1/2", false),
        ("content-digest", "sha-256=:AA==:", false),
        ("repr-digest", "sha-256=:AA==:", false),
        ("etag", "\"strong\"", true),
    ] {
        assert_eq!(applies(&[html, (name, value)]), expected, "{name}: {value}");
        assert_eq!(applies(&[(name, value), html]), expected, "{name}: {value}");
    }
}

#[test]
fn breach_needs_another_site_to_start_the_request() {
    for (credentials, site, expected) in [
        (false, None, true),
        (false, Some("cross-site"), true),
        (true, None, false),
        (true, Some("same-origin"), true),
        (true, Some("none"), true),
        (true, Some("same-site"), false),
        (true, Some("cross-site"), false),
        (true, Some("Same-Origin"), false),
        (true, Some("same-origin, cross-site"), false),
        (true, Some(""), false),
    ] {
        assert_eq!(breach_safe(credentials, site.map(str::as_bytes)), expected, "{credentials} {site:?}");
    }
}

#[test]
fn rfc9110_12_5_5_vary() {
    for (before, after) in [
        ("", Some("accept-encoding")),
        (" , ", Some("accept-encoding")),
        ("cookie", Some("cookie, accept-encoding")),
        ("accept-encodings", Some("accept-encodings, accept-encoding")),
        ("Cookie,  Accept-Encoding", None),
        ("*", None),
    ] {
        assert_eq!(vary_on_encoding(before).as_deref(), after, "{before}");
    }
}

#[test]
fn rfc9110_8_8_3_3_etags() {
    assert_eq!(weak_etag("\"a\"").as_deref(), Some("W/\"a\""));
    assert_eq!(weak_etag("W/\"a\""), None);
}
