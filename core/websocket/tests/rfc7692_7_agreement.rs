//! RFC 7692 sections 5 and 7.1: what is offered, and what is answered.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use spica_websocket::check_upgrade;

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn answer(offers: &[&str]) -> Option<String> {
    let mut fields: Vec<(&[u8], &[u8])> = vec![
        (b"upgrade", b"websocket"),
        (b"connection", b"upgrade"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"sec-websocket-version", b"13"),
    ];
    fields.extend(offers.iter().map(|offer| (&b"Sec-WebSocket-Extensions"[..], offer.as_bytes())));
    let handshake = check_upgrade(b"GET", 1, fields.into_iter()).unwrap().unwrap();
    handshake.deflate.map(|agreed| agreed.field_value())
}

#[test]
fn section_7_1_offers_that_are_accepted() {
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=\"15\"",
        "permessage-deflate;server_no_context_takeover;client_no_context_takeover",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
    ] {
        assert_eq!(answer(&[offer]).as_deref(), Some(PLAIN), "{offer}");
    }
}

#[test]
fn section_7_1_2_1_a_server_window_is_answered_as_asked() {
    for bits in 8..=15 {
        let expected = format!("{PLAIN}; server_max_window_bits={bits}");
        assert_eq!(answer(&[&format!("permessage-deflate; server_max_window_bits={bits}")]), Some(expected));
    }
}

#[test]
fn section_7_1_offers_that_must_be_declined() {
    for parameters in [
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "server_max_window_bits=1",
        "server_max_window_bits=+9",
        "server_max_window_bits=100",
        "client_max_window_bits=7",
        "client_max_window_bits=0x9",
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "client_no_context_takeover; client_no_context_takeover",
        "client_max_window_bits; client_max_window_bits=10",
        "unknown",
        "Server_No_Context_Takeover",
    ] {
        assert_eq!(answer(&[&format!("permessage-deflate; {parameters}")]), None, "{parameters}");
    }
    assert_eq!(answer(&["permessage-bzip2"]), None);
    assert_eq!(answer(&[]), None);
}

#[test]
fn section_5_1_the_first_acceptable_offer_wins() {
    let window = |bits: u8| Some(format!("{PLAIN}; server_max_window_bits={bits}"));
    let fallback = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert_eq!(answer(&[fallback]), window(10));
    let fallback = "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11";
    assert_eq!(answer(&[fallback]), window(11));
    assert_eq!(answer(&["permessage-deflate; server_max_window_bits=1", "permessage-deflate"]).as_deref(), Some(PLAIN));
}
