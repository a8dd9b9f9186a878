//! Open sessions: versions, ALPN, every way to cut the octets, records, the end.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod pair;

use std::sync::Arc;

use pair::{client_config_with, localhost, records, root, Ended, Pair, TLS12, TLS13, WHOLE};
use proptest::prelude::*;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use spica_tls::{Options, Protocol, TlsFailure, Version};

#[test]
fn rfc8446_4_both_versions_and_what_a_log_wants_to_know() {
    for (versions, version) in [(TLS12, Version::Tls12), (TLS13, Version::Tls13)] {
        let (acceptor, config, _folder) = localhost(&Options::default(), versions);
        let mut pair = Pair::new(&acceptor, &Arc::new(config), "localhost");
        assert!(pair.session.is_handshaking());
        assert_eq!((pair.session.version(), pair.session.protocol(), pair.session.server_name()), (None, None, None));
        pair.exchange(WHOLE).unwrap();
        assert!(!pair.session.is_handshaking());
        assert_eq!(pair.session.version(), Some(version));
        assert_eq!(pair.session.server_name(), Some("localhost"));
        assert!(!pair.session.is_resumed());
        assert!(pair.session.cipher_suite().unwrap().contains("AES"));
        pair.client_says(b"ping");
        pair.server_says(b"pong");
        pair.exchange(WHOLE).unwrap();
        assert_eq!(pair.client_hears(), b"pong");
        assert_eq!(pair.heard, b"ping");
    }
}

#[test]
fn a_minimum_of_1_3_refuses_1_2() {
    let options = Options { minimum: Version::Tls13, ..Options::default() };
    let (acceptor, config, _folder) = localhost(&options, TLS12);
    let mut pair = Pair::new(&acceptor, &Arc::new(config), "localhost");
    let ended = pair.exchange(WHOLE);
    assert!(matches!(ended, Err(Ended::Server(TlsFailure::Incompatible(_)))), "{ended:?}");
    assert_eq!(pair.to_client, [21, 3, 3, 0, 2, 2, 70], "protocol_version");
}

#[test]
fn rfc8446_4_2_7_post_quantum_is_preferred_and_older_clients_are_served() {
    let folder = pair::Folder::new();
    let files = folder.certificate("a", &["localhost"], std::time::SystemTime::now());
    let options = Options { certificates: vec![files.clone()], ..Options::default() };
    let acceptor = spica_tls::Acceptor::new(&options).unwrap();
    for (groups, expected) in [
        (vec![kx_group::X25519MLKEM768, kx_group::X25519], "X25519MLKEM768"),
        (vec![kx_group::X25519, kx_group::SECP256R1], "X25519"),
        (vec![kx_group::SECP256R1], "secp256r1"),
        (vec![kx_group::SECP384R1], "secp384r1"),
        // Its first share is of a group that is not served, so it is asked again (HelloRetryRequest).
        (vec![kx_group::SECP256R1MLKEM768, kx_group::X25519], "X25519"),
        (vec![kx_group::MLKEM1024, kx_group::SECP384R1], "secp384r1"),
    ] {
        let provider = rustls::crypto::CryptoProvider { kx_groups: groups, ..default_provider() };
        let config = Arc::new(client_config_with(provider, &[root(&files.chain)], TLS13));
        let pair = Pair::open(&acceptor, &config, "localhost");
        assert_eq!(pair.session.key_exchange(), Some(expected));
    }
}

#[test]
fn mozilla_intermediate_the_client_chooses_the_order_of_suites() {
    let folder = pair::Folder::new();
    let files = folder.certificate("a", &["localhost"], std::time::SystemTime::now());
    let options = Options { certificates: vec![files.clone()], ..Options::default() };
    let acceptor = spica_tls::Acceptor::new(&options).unwrap();
    let suites = [
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_AES_128_GCM_SHA256,
    ];
    for turn in 0..suites.len() {
        let mut order = suites.to_vec();
        order.rotate_left(turn);
        let first = order[0].suite().as_str();
        let provider = rustls::crypto::CryptoProvider { cipher_suites: order, ..default_provider() };
        let config = Arc::new(client_config_with(provider, &[root(&files.chain)], TLS13));
        assert_eq!(Pair::open(&acceptor, &config, "localhost").session.cipher_suite(), first);
    }
}

#[test]
fn rfc7301_3_2_alpn() {
    let cases: [(bool, &[&str], Option<Protocol>); 5] = [
        (true, &["h2", "http/1.1"], Some(Protocol::Http2)),
        (true, &["http/1.1", "h2"], Some(Protocol::Http2)),
        (true, &["http/1.1"], Some(Protocol::Http1)),
        (false, &["h2", "http/1.1"], Some(Protocol::Http1)),
        (true, &[], None),
    ];
    for (http2, offered, chosen) in cases {
        let (acceptor, mut config, _folder) = localhost(&Options { http2, ..Options::default() }, TLS13);
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        assert_eq!(Pair::open(&acceptor, &Arc::new(config), "localhost").session.protocol(), chosen);
    }
    let (acceptor, mut config, _folder) = localhost(&Options::default(), TLS12);
    config.alpn_protocols = vec![b"imap".to_vec()];
    let mut pair = Pair::new(&acceptor, &Arc::new(config), "localhost");
    let ended = pair.exchange(WHOLE);
    assert!(matches!(ended, Err(Ended::Server(TlsFailure::Incompatible(_)))), "{ended:?}");
    assert_eq!(pair.to_client, [21, 3, 3, 0, 2, 2, 120], "no_application_protocol");
}

#[test]
fn every_cut_of_handshake_and_data_means_the_same() {
    let content: Vec<u8> = (0..40_000_u32).map(|number| number as u8).collect();
    for versions in [TLS12, TLS13] {
        let (acceptor, config, _folder) = localhost(&Options::default(), versions);
        let config = Arc::new(config);
        for cut in (1..=40).chain([100, 517, 1400, 4096, 16_384, 16_406, 30_000]) {
            let mut pair = Pair::new(&acceptor, &config, "localhost");
            pair.exchange(cut).unwrap();
            pair.client_says(&content);
            pair.server_says(&content);
            pair.exchange(cut).unwrap();
            assert!(pair.heard == content && pair.client_hears() == content, "cut {cut}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_and_any_interleaving_means_the_same(
        sizes in proptest::collection::vec(1_usize..20_000, 1..6),
        cut in 1_usize..20_000,
        old in any::<bool>(),
    ) {
        let (acceptor, config, _folder) = localhost(&Options::default(), if old { TLS12 } else { TLS13 });
        let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
        let mut said = Vec::new();
        for (number, size) in sizes.into_iter().enumerate() {
            let piece = vec![number as u8; size];
            pair.client_says(&piece);
            said.extend_from_slice(&piece);
        }
        let mut octets = Vec::new();
        while pair.client.wants_write() {
            pair.client.write_tls(&mut octets).unwrap();
        }
        // An answer between two pieces of a record: the beginning that is kept must survive it.
        for piece in octets.chunks_mut(cut) {
            pair.session.receive(piece, &mut pair.heard).unwrap();
            pair.session.send(b"answer", &mut pair.to_client).unwrap();
        }
        prop_assert_eq!(&pair.heard, &said);
        pair.deliver(cut).unwrap();
        prop_assert!(pair.client_hears().chunks(6).all(|answer| answer == b"answer"));
    }
}

#[test]
fn rfc8446_5_1_a_small_answer_is_one_record_and_a_large_one_has_full_records() {
    for (versions, overhead) in [(TLS12, 24), (TLS13, 17)] {
        let (acceptor, config, _folder) = localhost(&Options::default(), versions);
        let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
        for (size, expected) in
            [(0, vec![]), (1, vec![1]), (16_384, vec![16_384]), (40_000, vec![16_384, 16_384, 7_232])]
        {
            let mut cipher = b"before".to_vec();
            pair.session.send(&vec![b'x'; size], &mut cipher).unwrap();
            assert!(cipher.starts_with(b"before"));
            let lengths: Vec<usize> = records(&cipher[6..]).into_iter().map(|len| len - overhead).collect();
            assert_eq!(lengths, expected);
            pair.to_client = cipher.split_off(6);
            pair.deliver(WHOLE).unwrap();
            assert_eq!(pair.client_hears().len(), size);
        }
    }
}

#[test]
fn rfc8446_4_6_3_a_key_update_is_answered_and_data_goes_on() {
    let (acceptor, config, _folder) = localhost(&Options::default(), TLS13);
    let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
    for cut in [WHOLE, 1, 7] {
        pair.client.refresh_traffic_keys().unwrap();
        pair.client_says(b"after");
        pair.exchange(cut).unwrap();
        pair.server_says(b"answer");
        pair.exchange(cut).unwrap();
        assert_eq!(std::mem::take(&mut pair.heard), b"after");
        assert_eq!(pair.client_hears(), b"answer");
    }
}

#[test]
fn rfc8446_6_1_close_notify_from_the_client_leaves_our_side_open() {
    for versions in [TLS12, TLS13] {
        for cut in [WHOLE, 1] {
            let (acceptor, config, _folder) = localhost(&Options::default(), versions);
            let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
            pair.client_says(b"last words");
            pair.client.send_close_notify();
            pair.exchange(cut).unwrap();
            assert!(pair.session.peer_closed());
            assert_eq!(pair.heard, b"last words");
            pair.session.receive(&mut b"anything after it".to_vec(), &mut pair.heard).unwrap();
            assert_eq!(pair.heard, b"last words");
            pair.server_says(b"answer");
            pair.session.close(&mut pair.to_client);
            pair.deliver(cut).unwrap();
            assert_eq!(pair.client_hears(), b"answer");
        }
    }
}

#[test]
fn rfc8446_6_1_close_notify_from_us_is_said_once_and_ends_sending() {
    for versions in [TLS12, TLS13] {
        let (acceptor, config, _folder) = localhost(&Options::default(), versions);
        let mut pair = Pair::open(&acceptor, &Arc::new(config), "localhost");
        pair.server_says(b"answer");
        pair.session.close(&mut pair.to_client);
        let len = pair.to_client.len();
        pair.session.close(&mut pair.to_client);
        assert_eq!(pair.to_client.len(), len);
        assert_eq!(pair.session.send(b"more", &mut pair.to_client), Err(TlsFailure::NotOpen));
        let octets = std::mem::take(&mut pair.to_client);
        pair.client.read_tls(&mut &octets[..]).unwrap();
        assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
        assert_eq!(pair.client_hears(), b"answer");
        // The client may still finish what it says.
        pair.client_says(b"rest");
        pair.client.send_close_notify();
        pair.exchange(WHOLE).unwrap();
        assert!(pair.session.peer_closed() && pair.heard == b"rest");
    }
}

#[test]
fn nothing_is_sent_before_the_handshake_ends() {
    let (acceptor, _config, _folder) = localhost(&Options::default(), TLS13);
    let mut session = acceptor.session().unwrap();
    let mut cipher = Vec::new();
    assert_eq!(session.send(b"early", &mut cipher), Err(TlsFailure::NotOpen));
    session.close(&mut cipher);
    assert!(cipher.is_empty());
}
