//! Clients that are refused: other protocols, old versions, garbage, too much.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod pair;

use std::sync::Arc;

use pair::{client_config, localhost, Ended, Pair, TLS12, TLS13, WHOLE};
use proptest::prelude::*;
use spica_tls::{Acceptor, Options, TlsFailure, PENDING_LIMIT_BYTES};

fn acceptor() -> Acceptor {
    Acceptor::from_self_signed(&[], &Options::default()).unwrap()
}

/// The failure and the octets sent when `octets` arrive `cut` at a time.
fn refuse(acceptor: &Acceptor, octets: &[u8], cut: usize) -> (TlsFailure, Vec<u8>) {
    let mut session = acceptor.session().unwrap();
    let (mut plain, mut output) = (Vec::new(), Vec::new());
    let mut octets = octets.to_vec();
    for piece in octets.chunks_mut(cut) {
        let result = session.receive(piece, &mut plain);
        session.take_output(&mut output);
        if let Err(failure) = result {
            assert!(plain.is_empty());
            assert!(!failure.is_ours() && !failure.to_string().contains('\n'), "{failure}");
            assert_eq!(session.receive(&mut [22, 3, 1], &mut plain), Err(failure.clone()), "it stays failed");
            assert_eq!(session.send(b"x", &mut output), Err(failure.clone()));
            return (failure, output);
        }
    }
    panic!("accepted");
}

/// A hello as clients before TLS 1.2 sent it, with the extensions of later ones.
fn old_hello(version: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend_from_slice(&[7; 32]); // random
    body.extend_from_slice(&[0, 0, 4, 0, 0x2f, 0xc0, 0x13, 1, 0]); // no session, two CBC suites, no compression
    if !extensions.is_empty() {
        body.extend_from_slice(&[0, extensions.len() as u8]);
        body.extend_from_slice(extensions);
    }
    let mut hello = vec![22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
    hello.extend_from_slice(&body);
    hello
}

/// ecdsa_secp256r1_sha256, and the group secp256r1.
const SIGNATURES_AND_GROUPS: [u8; 16] = [0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 4, 0, 2, 0, 23];

#[test]
fn rfc8996_tls_1_0_and_1_1_get_an_alert() {
    let acceptor = acceptor();
    for version in [[3, 0], [3, 1], [3, 2]] {
        for cut in [WHOLE, 1] {
            let (failure, output) = refuse(&acceptor, &old_hello(version, &SIGNATURES_AND_GROUPS), cut);
            assert_eq!(failure, TlsFailure::Incompatible("Tls12NotOffered".into()));
            assert_eq!(output, [21, 3, 3, 0, 2, 2, 70], "protocol_version");
            // Without signature_algorithms, which only TLS 1.2 has, that is noticed first.
            let (failure, output) = refuse(&acceptor, &old_hello(version, &[]), cut);
            assert!(matches!(failure, TlsFailure::Incompatible(_)), "{failure:?}");
            assert_eq!(output, [21, 3, 3, 0, 2, 2, 40], "handshake_failure");
        }
    }
}

#[test]
fn rfc5246_7_2_2_a_hello_without_a_common_suite_gets_an_alert() {
    let (failure, output) = refuse(&acceptor(), &old_hello([3, 3], &SIGNATURES_AND_GROUPS), WHOLE);
    assert_eq!(failure, TlsFailure::Incompatible("NoCipherSuitesInCommon".into()));
    assert_eq!(output, [21, 3, 3, 0, 2, 2, 40], "handshake_failure");
}

#[test]
fn plain_http_is_told_from_its_first_octet_and_left_as_it_was() {
    for request in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST"] {
        for cut in [WHOLE, 1] {
            let (failure, output) = refuse(&acceptor(), request, cut);
            assert_eq!((failure, output), (TlsFailure::PlainHttp, vec![]));
        }
        let mut octets = request.to_vec();
        acceptor().session().unwrap().receive(&mut octets, &mut Vec::new()).unwrap_err();
        assert_eq!(octets, request);
    }
}

#[test]
fn other_protocols_are_not_tls() {
    for octets in [
        &b"\0\0\0\0\0\0\0\0"[..],
        b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00",
        b"\x05\x01\x00\x00\x00",
        b"\x03\x00\x00\x13\x0e",
    ] {
        let (failure, output) = refuse(&acceptor(), octets, 1);
        assert!(matches!(failure, TlsFailure::NotTls(_)), "{failure:?}");
        assert_eq!(output[..6], [21, 3, 3, 0, 2, 2], "a fatal alert");
    }
}

#[test]
fn a_capital_letter_later_is_no_http() {
    let (acceptor, config, _folder) = localhost(&Options::default(), TLS13);
    let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
    let result = pair.session.receive(&mut b"GET / HTTP/1.1\r\n\r\n".to_vec(), &mut pair.heard);
    assert!(matches!(result, Err(TlsFailure::Violation(_))), "{result:?}");
}

#[test]
fn a_hello_that_never_ends_is_bounded() {
    // Records of a handshake message that announces 60,000 octets.
    let mut octets = Vec::new();
    for number in 0..6 {
        octets.extend_from_slice(&[22, 3, 1, 0x20, 0]);
        let mut content = [0; 0x2000];
        if number == 0 {
            content[..4].copy_from_slice(&[1, 0, 0xea, 0x60]);
        }
        octets.extend_from_slice(&content);
    }
    for cut in [WHOLE, 1000, 1] {
        let (failure, output) = refuse(&acceptor(), &octets, cut);
        assert_eq!(failure, TlsFailure::TooLarge);
        assert_eq!(output, [21, 3, 3, 0, 2, 2, 22], "record_overflow");
    }
    let within = &octets[..PENDING_LIMIT_BYTES];
    let mut session = acceptor().session().unwrap();
    assert_eq!(session.receive(&mut within.to_vec(), &mut Vec::new()), Ok(()));
}

#[test]
fn rfc8446_6_2_a_client_that_does_not_trust_us_says_so() {
    for versions in [TLS12, TLS13] {
        let (acceptor, _config, _folder) = localhost(&Options::default(), versions);
        let config = client_config(&[], versions);
        let mut pair = Pair::new(&acceptor, &Arc::new(config), "localhost");
        let ended = pair.exchange(WHOLE);
        assert!(matches!(ended, Err(Ended::Client(_))), "{ended:?}");
        let ended = pair.exchange(WHOLE);
        let Err(Ended::Server(failure)) = ended else { panic!("{ended:?}") };
        assert_eq!(failure.to_string(), "the client sent the alert UnknownCA");
    }
}

#[test]
fn rfc8446_5_2_changed_octets_get_an_alert() {
    for versions in [TLS12, TLS13] {
        let (acceptor, config, _folder) = localhost(&Options::default(), versions);
        let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
        pair.client_says(b"good");
        pair.client_says(b"evil");
        let mut octets = Vec::new();
        while pair.client.wants_write() {
            pair.client.write_tls(&mut octets).unwrap();
        }
        *octets.last_mut().unwrap() ^= 1;
        let result = pair.session.receive(&mut octets, &mut pair.heard);
        assert!(matches!(result, Err(TlsFailure::Violation(_))), "{result:?}");
        assert_eq!(pair.heard, b"good", "what came before is kept");
        pair.session.take_output(&mut pair.to_client);
        let heard = pair.deliver(WHOLE);
        assert!(matches!(heard, Err(rustls::Error::AlertReceived(_))), "{heard:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn garbage_never_panics_and_every_cut_refuses_alike(
        head in prop_oneof![
            Just(vec![]),
            Just(vec![22_u8, 3, 1]),
            Just(vec![22, 3, 3, 0, 40, 1, 0, 0, 36, 3, 3]),
            Just(vec![21, 3, 3, 0, 2]),
            Just(vec![20, 3, 3, 0, 1]),
            Just(vec![23, 3, 3, 0, 9]),
        ],
        tail in proptest::collection::vec(any::<u8>(), 0..200),
        cut in 1_usize..50,
    ) {
        let acceptor = acceptor();
        let octets = [head, tail].concat();
        let [whole, pieces] = [WHOLE, cut].map(|cut| {
            let mut session = acceptor.session().unwrap();
            let (mut plain, mut output) = (Vec::new(), Vec::new());
            let mut result = Ok(());
            for piece in octets.clone().chunks_mut(cut) {
                result = session.receive(piece, &mut plain);
                session.take_output(&mut output);
            }
            session.close(&mut output);
            (result, plain, output)
        });
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn any_change_to_a_hello_never_panics(at in 0_usize..1500, octet in any::<u8>(), cut in 1_usize..600, old in any::<bool>()) {
        let (acceptor, config, _folder) = localhost(&Options::default(), if old { TLS12 } else { TLS13 });
        let mut pair = Pair::new(&acceptor, &Arc::new(config), "localhost");
        let mut hello = Vec::new();
        pair.client.write_tls(&mut hello).unwrap();
        let len = hello.len();
        hello[at % len] = octet;
        let mut failed = false;
        for piece in hello.chunks_mut(cut) {
            failed |= pair.session.receive(piece, &mut pair.heard).is_err();
            pair.session.take_output(&mut pair.to_client);
        }
        prop_assert!(pair.heard.is_empty());
        prop_assert!(pair.session.is_handshaking() || failed);
    }

    #[test]
    fn garbage_in_an_open_session_ends_it(garbage in proptest::collection::vec(any::<u8>(), 30..200), cut in 1_usize..50) {
        let (acceptor, config, _folder) = localhost(&Options::default(), TLS13);
        let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
        let mut octets = [&[23, 3, 3, 0, 25], &garbage[..]].concat();
        let mut result = Ok(());
        for piece in octets.chunks_mut(cut) {
            result = pair.session.receive(piece, &mut pair.heard);
        }
        prop_assert!(matches!(result, Err(TlsFailure::Violation(_))), "{:?}", result);
        prop_assert!(pair.heard.is_empty());
    }
}
