//! RFC 6455 sections 5.5.1, 7.1 and 7.4: Close frames and the closing handshake.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use spica_websocket::{code, is_sendable, push_close, Close, Closing, Failure, Unsendable};
use support::*;

#[test]
fn section_5_5_1_a_close_with_code_and_reason() {
    assert_eq!(read(&message(CLOSE, b"")), [Seen::Close(None, String::new())]);
    assert_eq!(read(&close(1000, b"")), [Seen::Close(Some(1000), String::new())]);
    assert_eq!(read(&close(1001, "bis später".as_bytes())), [Seen::Close(Some(1001), "bis später".into())]);
    assert_eq!(read(&close(1000, &[b'x'; 123])), [Seen::Close(Some(1000), "x".repeat(123))]);
}

#[test]
fn section_5_5_1_half_a_code_is_refused() {
    assert_eq!(refuse(&message(CLOSE, b"\x03")), 1002);
}

#[test]
fn section_5_5_1_the_reason_is_utf_8() {
    assert_eq!(refuse(&close(1000, b"\xff")), 1007);
    assert_eq!(refuse(&close(1000, b"\xe2\x82")), 1007);
    assert_eq!(refuse(&close(1000, &[b'x'; 124])), 1002, "too long for a control frame");
}

#[test]
fn section_7_4_codes() {
    let legal = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
    for code in legal {
        assert_eq!(read(&close(code, b"")), [Seen::Close(Some(code), String::new())]);
        assert!(is_sendable(code) && push_close(&mut Vec::new(), Some(code), "").is_ok(), "{code}");
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(refuse(&close(code, b"")), 1002, "{code}");
        assert_eq!(push_close(&mut Vec::new(), Some(code), ""), Err(Unsendable::Code(code)));
    }
}

#[test]
fn section_5_5_1_nothing_is_read_after_a_close() {
    for after in [message(TEXT, b"late"), message(PING, b""), b"\xff\xff\xff".to_vec(), close(1000, b"")] {
        assert_eq!(read(&[close(1000, b""), after].concat()), [Seen::Close(Some(1000), String::new())]);
    }
}

#[test]
fn section_5_5_1_a_close_ends_a_message_that_is_not_finished() {
    let octets = [frame(TEXT, b"half"), close(1001, b"bye")].concat();
    assert_eq!(read(&octets), [Seen::Close(Some(1001), "bye".into())]);
}

const NORMAL: Close<'static> = Close { code: Some(1000), reason: "done" };
const WRONG: Failure = Failure { code: 1002, reason: "wrong" };

#[test]
fn section_7_1_the_server_closes() {
    let (mut closing, mut out) = (Closing::new(), Vec::new());
    assert!(closing.is_open() && !closing.is_over());
    assert_eq!(closing.send(Some(4001), "later", &mut out), Ok(()));
    assert_eq!(frames_of(&out), [(FIN | CLOSE, b"\x0f\xa1later".to_vec())]);
    assert!(!closing.is_open() && !closing.is_over());
    assert_eq!(closing.code(), code::ABNORMAL, "should the connection end now");

    out.clear();
    assert_eq!(closing.send(Some(1000), "again", &mut out), Ok(()));
    closing.receive(&Close { code: Some(4001), reason: "" }, &mut out);
    assert!(out.is_empty(), "one Close frame is all there is");
    assert!(closing.is_over());
    assert_eq!(closing.code(), 4001);
}

#[test]
fn section_5_5_1_the_client_closes_and_is_answered_with_its_code() {
    let (mut closing, mut out) = (Closing::new(), Vec::new());
    closing.receive(&NORMAL, &mut out);
    assert_eq!(frames_of(&out), [(FIN | CLOSE, b"\x03\xe8".to_vec())]);
    assert!(closing.is_over() && !closing.is_open());
    assert_eq!(closing.code(), 1000);
}

#[test]
fn section_7_1_5_a_close_without_code_is_reported_as_1005() {
    let (mut closing, mut out) = (Closing::new(), Vec::new());
    closing.receive(&Close { code: None, reason: "" }, &mut out);
    assert_eq!(frames_of(&out), [(FIN | CLOSE, vec![])]);
    assert_eq!(closing.code(), 1005);
}

#[test]
fn section_7_1_5_no_close_is_reported_as_1006() {
    assert_eq!(Closing::new().code(), 1006);
}

#[test]
fn section_7_1_7_a_failure_says_why_and_ends() {
    let (mut closing, mut out) = (Closing::new(), Vec::new());
    closing.fail(&WRONG, &mut out);
    assert_eq!(frames_of(&out), [(FIN | CLOSE, b"\x03\xeawrong".to_vec())]);
    assert!(closing.is_over());
    assert_eq!(closing.code(), 1006);

    let (mut closing, mut out) = (Closing::new(), Vec::new());
    closing.send(Some(1000), "", &mut out).unwrap();
    out.clear();
    closing.fail(&WRONG, &mut out);
    assert!(out.is_empty() && closing.is_over());
}

#[test]
fn section_7_4_1_what_must_not_be_sent_changes_nothing() {
    for (code, reason, expected) in [
        (Some(1005), "", Unsendable::Code(1005)),
        (Some(1006), "", Unsendable::Code(1006)),
        (Some(1015), "", Unsendable::Code(1015)),
        (None, "why", Unsendable::ReasonWithoutCode),
        (Some(1000), &"é".repeat(62)[..], Unsendable::ReasonTooLong(124)),
    ] {
        let (mut closing, mut out) = (Closing::new(), Vec::new());
        assert_eq!(closing.send(code, reason, &mut out), Err(expected));
        assert!(closing.is_open() && out.is_empty());
    }
}
