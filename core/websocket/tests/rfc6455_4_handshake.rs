//! RFC 6455 sections 4.2, 4.4 and 9.1, and RFC 8441 section 5: the opening handshake.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use spica_websocket::{check_extended_connect, check_upgrade, Handshake, Refusal};

const PLAIN: [(&str, &str); 5] = [
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

type Outcome = Result<Option<Handshake<'static>>, Refusal>;

fn octets(fields: &[(&'static str, &'static str)]) -> Vec<(&'static [u8], &'static [u8])> {
    fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}

fn check(fields: &[(&'static str, &'static str)]) -> Outcome {
    check_upgrade(b"GET", 1, octets(fields).into_iter())
}

/// The plain request with one field changed, or left out.
fn with(name: &str, value: Option<&'static str>) -> Outcome {
    let fields = PLAIN.iter().copied().filter_map(|(own, old)| match (own == name, value) {
        (true, None) => None,
        (true, Some(value)) => Some((own, value)),
        (false, _) => Some((own, old)),
    });
    check(&fields.collect::<Vec<_>>())
}

/// The plain request with fields added.
fn and(fields: &[(&'static str, &'static str)]) -> Outcome {
    check(&[&PLAIN, fields].concat())
}

fn status(outcome: Outcome) -> u16 {
    outcome.unwrap_err().status
}

#[test]
fn section_1_3_the_accept_of_the_example() {
    let handshake = check(&PLAIN).unwrap().unwrap();
    assert_eq!(handshake.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!((handshake.protocols, handshake.deflate, handshake.origin), (vec![], None, None));
}

#[test]
fn section_4_2_1_upgrade_and_connection_are_lists_without_case() {
    assert!(with("Upgrade", Some("WebSocket")).unwrap().is_some());
    assert!(with("Upgrade", Some("h2c, , websocket")).unwrap().is_some());
    assert!(with("Connection", Some("keep-alive,\tUPGRADE")).unwrap().is_some());
}

#[test]
fn section_4_2_1_other_requests_ask_for_nothing() {
    for value in [None, Some(""), Some("websockets"), Some("web socket"), Some("h2c")] {
        assert_eq!(with("Upgrade", value), Ok(None), "{value:?}");
    }
    for value in [None, Some("keep-alive"), Some("upgraded"), Some("close")] {
        assert_eq!(with("Connection", value), Ok(None), "{value:?}");
    }
    assert_eq!(check_upgrade(b"POST", 1, octets(&PLAIN[..1]).into_iter()), Ok(None));
}

#[test]
fn rfc9110_section_7_8_upgrade_is_ignored_in_http_1_0() {
    assert_eq!(check_upgrade(b"GET", 0, octets(&PLAIN).into_iter()), Ok(None));
}

#[test]
fn section_4_2_1_the_method_is_get() {
    for method in ["POST", "HEAD", "get"] {
        assert_eq!(status(check_upgrade(method.as_bytes(), 1, octets(&PLAIN).into_iter())), 400, "{method}");
    }
}

#[test]
fn rfc9110_section_7_8_frames_follow_the_head() {
    assert_eq!(status(and(&[("Content-Length", "5")])), 400);
    assert_eq!(status(and(&[("Transfer-Encoding", "chunked")])), 400);
    assert!(and(&[("Content-Length", "0")]).unwrap().is_some());
}

#[test]
fn section_4_2_1_the_key_is_16_octets_in_base64() {
    for key in [
        None,
        Some(""),
        Some("dGhlIHNhbXBsZSBub25jZQ"),
        Some("dGhlIHNhbXBsZSBub25jZQAA=="),
        Some("dGhlIHNhbXBsZSBub25j=="),
        Some("dGhlIHNhbXBsZSBub25jZQ="),
        Some("dGhlIHNhbXBsZSBub25jZWE="),
        Some("dGhlIHNhbXBsZSBub25jQ==="),
        Some("dGhlIHNhbXBsZSBub25j_Q=="),
        Some("dGhlIHNhbXBsZSBub25=ZQ=="),
        Some("dGhlIHNhbXBsZSBub25jZXRv"),
        Some(" GhlIHNhbXBsZSBub25jZQ=="),
    ] {
        assert_eq!(status(with("Sec-WebSocket-Key", key)), 400, "{key:?}");
    }
    assert_eq!(status(and(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")])), 400);
}

#[test]
fn section_4_4_another_version_is_told_which_is_understood() {
    for version in [None, Some(""), Some("8"), Some("13, 8"), Some("013"), Some("14")] {
        let refusal = with("Sec-WebSocket-Version", version).unwrap_err();
        assert_eq!(refusal.status, 426, "{version:?}");
        assert_eq!(refusal.fields(), [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")]);
    }
    assert_eq!(status(and(&[("Sec-WebSocket-Version", "13")])), 426);
    assert!(with("Sec-WebSocket-Key", None).unwrap_err().fields().is_empty());
}

#[test]
fn section_4_2_2_protocols_keep_the_client_s_order() {
    let fields = [("Sec-WebSocket-Protocol", "chat, superchat,"), ("sec-websocket-protocol", "mqtt")];
    let handshake = and(&fields).unwrap().unwrap();
    assert_eq!(handshake.protocols, ["chat", "superchat", "mqtt"]);
    assert_eq!(handshake.protocol(&["mqtt", "superchat"]), Some("superchat"));
    assert_eq!(handshake.protocol(&["Chat"]), None);
    assert_eq!(handshake.protocol(&[]), None);
}

#[test]
fn section_4_2_1_protocols_are_tokens() {
    for value in ["chat room", "a;b", "\"chat\"", "caf\u{e9}", "a, b=c"] {
        assert_eq!(status(and(&[("Sec-WebSocket-Protocol", value)])), 400, "{value}");
    }
}

#[test]
fn section_9_1_extensions_follow_the_grammar() {
    for value in ["", "x", "x;y", "x; y=1", "x;y=\"1\"", "a, b;c=\"d\\e\" ,c", " , ,x"] {
        assert_eq!(and(&[("Sec-WebSocket-Extensions", value)]).unwrap().unwrap().deflate, None, "{value}");
    }
    for value in
        ["x;", "x;;y", ";x", "x y", "x;y=", "x;y=\"", "x;y=\"a b\"", "x;y=\"\"", "x=1", "x;y=1 2", "x;y=\"a\\", "é"]
    {
        assert_eq!(status(and(&[("Sec-WebSocket-Extensions", value)])), 400, "{value}");
    }
}

#[test]
fn section_10_2_the_origin_is_reported_once() {
    let handshake = and(&[("Origin", "https://a.example")]).unwrap().unwrap();
    assert_eq!(handshake.origin, Some(&b"https://a.example"[..]));
    assert_eq!(status(and(&[("Origin", "https://a.example"), ("origin", "https://b.example")])), 400);
}

#[test]
fn rfc8441_section_5_extended_connect_has_no_key() {
    let fields = [
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("origin", "https://a.example"),
    ];
    let handshake = check_extended_connect(octets(&fields).into_iter()).unwrap();
    assert_eq!(handshake.protocols, ["chat"]);
    assert!(handshake.deflate.is_some());
    assert_eq!(check_extended_connect(octets(&fields[1..]).into_iter()).unwrap_err().status, 426);
}
