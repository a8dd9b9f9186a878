//! However octets are cut, the result is the same, and no stream hangs.

mod client;

use bytes::Bytes;
use client::{Arrived, Cut, Echo, Pair};
use h2::client::Builder;
use proptest::prelude::*;
use spica_http2::Settings;

/// Three interleaved requests: without content, with content in pieces, larger than every window.
fn exchange(cut: Cut, window: u32) -> Vec<Vec<u8>> {
    let mut settings = Settings { stream_window: window, connection_window: 65_535, ..Settings::default() };
    settings.control_frames = 1_000_000;
    let mut builder = Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(65_535);
    let (mut pair, mut echo) = (Pair::new(settings, &builder, cut), Echo::default());
    let big = vec![b'b'; window as usize * 3 + 1];
    let mut first = pair.get("/first");
    let (mut second, mut second_body) = pair.request("POST", "/second", false);
    let (mut third, mut third_body) = pair.request("PUT", "/third", false);
    second_body.send_data(Bytes::from_static(b"one"), false).unwrap();
    third_body.send_data(Bytes::from(big), true).unwrap();
    pair.run(|server, event| echo.handle(server, event));
    second_body.send_data(Bytes::from_static(b"two"), true).unwrap();
    pair.run(|server, event| echo.handle(server, event));

    let mut arrived: Vec<_> =
        [&mut first, &mut second, &mut third].map(|future| Arrived::new(future).unwrap().unwrap()).into();
    for _ in 0..1_000 {
        arrived.iter_mut().for_each(|response| response.take(true));
        pair.run(|server, event| echo.handle(server, event));
        if arrived.iter().all(|response| response.done) {
            break;
        }
    }
    assert!(arrived.iter().all(|response| response.done), "{cut:?} {window}: a stream hangs");
    assert_eq!((pair.server.streams(), pair.server.queued(), echo.resets.len()), (0, 0, 0));
    arrived.into_iter().map(|response| response.content).collect()
}

fn expected(window: u32) -> Vec<Vec<u8>> {
    let third = [&b"/third"[..], &vec![b'b'; window as usize * 3 + 1]].concat();
    vec![b"/first".to_vec(), b"/secondonetwo".to_vec(), third]
}

#[test]
fn rfc9113_4_1_whole_flights() {
    assert_eq!(exchange(Cut::Whole, 1_000), expected(1_000));
}

#[test]
fn rfc9113_4_1_cut_at_every_octet() {
    let expected = expected(100);
    for at in 0..400 {
        assert_eq!(exchange(Cut::At(at), 100), expected, "cut at {at}");
    }
}

#[test]
fn rfc9113_4_1_pieces_of_one_octet() {
    assert_eq!(exchange(Cut::Pieces(1), 50), expected(50));
}

#[test]
fn rfc9113_5_2_windows_of_one_octet() {
    assert_eq!(exchange(Cut::Whole, 1), expected(1));
    assert_eq!(exchange(Cut::Pieces(7), 2), expected(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rfc9113_5_2_any_cut_and_window(size in 1_usize..100, window in 1_u32..2_000) {
        prop_assert_eq!(exchange(Cut::Pieces(size), window), expected(window));
    }
}
