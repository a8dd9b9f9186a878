//! However octets are cut, the result is the same, and no stream hangs.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;

use bytes::Bytes;
use client::{Arrived, Cut, Echo, Pair};
use h2::client::Builder;
use proptest::prelude::*;
use spica_http2::Settings;

/// Three interleaved requests: without content, with content in pieces, with a content larger than the client's window, which is
/// what the server has to send through it.
fn exchange(cut: Cut, window: u32) -> Vec<Vec<u8>> {
    let settings = Settings { control_frames: 1_000_000, ..Settings::default() };
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

    assert!(pair.client_error.is_none(), "{cut:?} {window}: {:?}", pair.client_error);
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

/// Uploads of several windows, from as many streams at once as share them.
#[test]
fn rfc9113_5_2_content_larger_than_the_windows() {
    for cut in [Cut::Whole, Cut::Pieces(1_000), Cut::Pieces(16_393)] {
        let settings = Settings { stream_window: 65_535, connection_window: 65_535, ..Settings::default() };
        let (mut pair, mut echo) = (Pair::new(settings, &Builder::new(), cut), Echo::default());
        let mut futures: Vec<_> = (0..5)
            .map(|_| {
                let (future, mut body) = pair.request("POST", "/", false);
                body.send_data(vec![b'b'; 200_000].into(), true).unwrap();
                future
            })
            .collect();
        pair.run(|server, event| echo.handle(server, event));
        let mut arrived: Vec<_> = futures.iter_mut().map(|future| Arrived::new(future).unwrap().unwrap()).collect();
        for _ in 0..100 {
            arrived.iter_mut().for_each(|response| response.take(true));
            pair.run(|server, event| echo.handle(server, event));
        }
        assert!(arrived.iter().all(|response| response.done && response.content.len() == 200_001), "{cut:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rfc9113_5_2_any_cut_and_window(size in 1_usize..100, window in 1_u32..2_000) {
        prop_assert_eq!(exchange(Cut::Pieces(size), window), expected(window));
    }
}
