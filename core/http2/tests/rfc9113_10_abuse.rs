//! RFC 9113 section 10.5: what costs a peer little and could cost us much, and where each ends.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use client::NO_FIELDS;
use proptest::prelude::*;
use spica_http2::{Cause, Connection, Event, Reason, Settings};
use wire::*;

const CALM: Reason = Reason::ENHANCE_YOUR_CALM;

/// Send `octets` again and again until the connection closes.
///
/// Returns: how often, the largest output that waited, and how it ended.
fn flood(raw: &mut Raw, octets: impl Fn(u32) -> Vec<u8>) -> (u32, usize, (Reason, Cause)) {
    let mut most = 0;
    for n in 0..100_000 {
        raw.connection.receive(&octets(n));
        let events: Vec<_> = std::iter::from_fn(|| raw.connection.poll()).collect();
        let mut output = Vec::new();
        raw.connection.take_output(&mut output);
        most = most.max(output.len());
        raw.output.extend(output);
        if let Some(end) = closed(&events) {
            return (n, most, end);
        }
    }
    panic!("never ended");
}

#[test]
fn rfc9113_10_5_frames_that_do_no_work_end_in_enhance_your_calm() {
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]);
    let floods: [(&str, Vec<u8>); 7] = [
        ("SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("SETTINGS acknowledged", setting(4, 70_000)),
        ("PING", frame(PING, 0, 0, &[0; 8])),
        ("PRIORITY", priority),
        ("WINDOW_UPDATE", window(0, 1)),
        ("unknown", frame(0x42, 0, 0, &[])),
        ("PRIORITY_UPDATE", frame(0x10, 0, 0, &[0; 5])),
    ];
    for (name, octets) in floods {
        let mut raw = Raw::new(Settings::default());
        let (count, most, end) = flood(&mut raw, |_| octets.clone());
        assert_eq!(end, (CALM, Cause::ControlFrames), "{name}");
        // 1,000 at once; acknowledgements are output, which earns one for 128 octets.
        assert!((990..1_160).contains(&count), "{name}: {count}");
        assert!(most < 100, "{name}: {most} octets of output");
        assert_eq!(raw.goaway(), Some(CALM), "{name}");
    }
}

#[test]
fn promise_9_a_flood_in_the_first_octets_is_told_too() {
    let mut connection = Connection::new(&Arc::new(Settings::default()));
    let flood = frame(PING, 0, 0, &[0; 8]).repeat(2_000);
    connection.receive(&[PREFACE, &frame(SETTINGS, 0, 0, &[]), &flood].concat());
    let events: Vec<_> = std::iter::from_fn(|| connection.poll()).collect();
    assert_eq!(closed(&events), Some((CALM, Cause::ControlFrames)));
    let mut output = Vec::new();
    connection.take_output(&mut output);
    assert_eq!(output[3], SETTINGS, "ours come first");
    let calm = u32::from(CALM).to_be_bytes();
    assert!(output.ends_with(&frame(GOAWAY, 0, 0, &[[0; 4], calm].concat())), "{output:?}");
}

#[test]
fn rfc9113_10_5_allowances_fill_up_with_time() {
    let mut raw = Raw::new(Settings::default());
    for second in 0..60 {
        raw.connection.tick(Duration::from_secs(second));
        let events = raw.send(&frame(PING, 0, 0, &[0; 8]).repeat(100));
        assert_eq!(closed(&events), None, "100 a second are allowed");
    }
}

#[test]
fn rfc9113_10_5_empty_data_ends() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&post(1));
    let (count, _, (reason, _)) = flood(&mut raw, |_| frame(DATA, 0, 1, &[]));
    assert_eq!((reason, count), (CALM, 100));
}

#[test]
fn rfc9113_10_5_1_continuations_without_end() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&frame(HEADERS, 0, 1, &block(&GET)));
    let (count, _, (reason, _)) = flood(&mut raw, |_| frame(CONTINUATION, 0, 1, &field(b"x", b"y")));
    assert_eq!(reason, CALM);
    assert!(count <= 6, "{count} frames");

    let mut raw = Raw::new(Settings::default());
    raw.send(&frame(HEADERS, 0, 1, &block(&GET)));
    let (count, ..) = flood(&mut raw, |_| frame(CONTINUATION, 0, 1, &[]));
    assert!(count <= 6, "{count} empty frames");
}

#[test]
fn rfc9113_10_5_1_hpack_bombs() {
    // One entry of 4,000 octets in the table, then one octet for each copy.
    let mut entry = vec![0x40, 1, b'x'];
    entry.extend([127, 0xa1, 0x1e]);
    entry.extend([b'a'; 4_000]);
    for (copies, status) in [(10, None), (30, Some(431))] {
        let mut raw = Raw::new(Settings::default());
        let fields = [block(&GET), entry.clone(), vec![0x80 | 62; copies]].concat();
        let events = raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields));
        assert_eq!(closed(&events), None);
        assert_eq!(requests(&events).len(), usize::from(status.is_none()));
        let answered = raw.frames().iter().any(|frame| frame.kind == HEADERS && frame.stream == 1);
        assert_eq!(answered, status.is_some(), "431 by h2");
    }
    // 16,000 copies would be 64 MB.
    let mut raw = Raw::new(Settings::default());
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &[block(&GET), entry].concat()));
    let events =
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &[block(&GET), vec![0x80 | 62; 12_000]].concat()));
    assert_eq!(closed(&events).map(|end| end.0), Some(CALM));
}

#[test]
fn rfc9113_10_5_1_small_copies_are_counted_as_fields() {
    let mut raw = Raw::new(Settings::default());
    let fields = [block(&GET), field(b"x", b"y"), vec![0x90; 1_000]].concat();
    let events = raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields));
    assert!(requests(&events).is_empty() && closed(&events).is_none(), "{events:?}");
}

#[test]
fn rfc9113_10_5_heads_of_running_requests_are_bounded_together() {
    let mut raw = Raw::new(Settings::default());
    let value = "v".repeat(15_000);
    let fields = [&GET[..], &[("x", value.as_str())]].concat();
    let mut opened = 0;
    for n in 0..256 {
        opened += requests(&raw.send(&headers(n * 2 + 1, END_STREAM, &fields))).len();
    }
    assert_eq!(opened, 1024 * 1024 / 15_061, "1 MiB of heads");
    assert_eq!(raw.was_reset(511), Some(Reason::REFUSED_STREAM));
    raw.connection.finish(1);
    assert_eq!(requests(&raw.send(&headers(513, END_STREAM, &fields))), [513]);
}

/// CVE-2023-44487. `finished` says whether handlers end as soon as their stream is reset.
fn rapid_reset(finished: bool, together: bool) -> (u32, usize, u32, (Reason, Cause)) {
    let mut raw = Raw::new(Settings::default());
    let (mut started, mut running) = (0, 0);
    for n in 0..100_000 {
        let flight = [get(n * 2 + 1), rst(n * 2 + 1)];
        let mut events = Vec::new();
        if together {
            events = raw.send(&flight.concat());
        } else {
            flight.iter().for_each(|frame| events.extend(raw.send(frame)));
        }
        started += requests(&events).len() as u32;
        running = running.max(raw.connection.streams());
        for event in &events {
            if let (Event::Reset { stream, .. }, true) = (event, finished) {
                raw.connection.finish(*stream);
            }
        }
        if let Some(end) = closed(&events) {
            assert_eq!(raw.goaway(), Some(CALM));
            return (n, running, started, end);
        }
    }
    panic!("never ended");
}

#[test]
fn cve_2023_44487_rapid_reset() {
    let (count, running, started, end) = rapid_reset(true, false);
    assert_eq!((count, running, started, end), (1_000, 1, 1_001, (CALM, Cause::Resets)));
    // Handlers that go on: never more than max_streams, the rest is refused, which also counts.
    let (count, running, started, end) = rapid_reset(false, false);
    assert_eq!((running, started, end), (256, 256, (CALM, Cause::Resets)));
    assert!((600..=700).contains(&count), "{count}");
    // Reset before we have looked: no handler starts.
    let (count, _, started, end) = rapid_reset(true, true);
    assert_eq!((count, started, end), (1_000, 0, (CALM, Cause::Resets)));
}

#[test]
fn rfc9113_5_1_2_streams_beyond_the_limit_are_refused() {
    let mut raw = Raw::new(Settings { max_streams: 10, ..Settings::default() });
    let events = raw.send(&(0..11).flat_map(|n| get(n * 2 + 1)).collect::<Vec<_>>());
    assert_eq!(requests(&events).len(), 10);
    assert_eq!(raw.was_reset(21), Some(Reason::REFUSED_STREAM));
    // Resetting them makes no room while their handlers run.
    let events = raw.send(&[(0..10).flat_map(|n| rst(n * 2 + 1)).collect(), get(23)].concat());
    assert!(requests(&events).is_empty(), "{events:?}");
    assert_eq!((raw.was_reset(23), raw.connection.streams()), (Some(Reason::REFUSED_STREAM), 10));
    raw.connection.finish(1);
    assert_eq!(requests(&raw.send(&get(25))), [25]);
}

#[test]
fn cve_2025_8671_made_you_reset() {
    type Provoke = fn(u32) -> Vec<u8>;
    let provocations: [(&str, Provoke); 3] = [
        ("window of zero", |stream| window(stream, 0)),
        ("window overflow", |stream| window(stream, 0x7fff_ffff)),
        ("depends on itself", |stream| frame(PRIORITY, 0, stream, &[stream.to_be_bytes().to_vec(), vec![0]].concat())),
    ];
    for (name, provoke) in provocations {
        for finished in [true, false] {
            let mut raw = Raw::new(Settings::default());
            let mut most = 0;
            let end = (0..10_000).find_map(|n| {
                let events = raw.send(&[get(n * 2 + 1), provoke(n * 2 + 1)].concat());
                most = most.max(raw.connection.streams());
                for event in events.iter().filter(|_| finished) {
                    if let Event::Reset { stream, .. } = event {
                        raw.connection.finish(*stream);
                    }
                }
                closed(&events).map(|end| (n, end))
            });
            let (count, (reason, _)) = end.unwrap_or_else(|| panic!("{name} never ends"));
            assert!(reason == CALM || reason == Reason::PROTOCOL_ERROR, "{name}: {reason:?}");
            assert!(count <= 1_000 && most <= 256, "{name}: {count}, {most}");
        }
    }
}

#[test]
fn rfc9113_10_5_window_never_opened() {
    let mut raw = Raw::new(Settings::default());
    raw.connection.tick(Duration::ZERO);
    raw.send(&[setting(4, 0), (0..100).flat_map(|n| get(n * 2 + 1)).collect()].concat());
    for n in 0..100 {
        raw.connection.respond(n * 2 + 1, 200, NO_FIELDS, false).unwrap();
        let sent = raw.connection.send(n * 2 + 1, Bytes::from(vec![0; 10_000]), n % 2 == 0).unwrap();
        assert_eq!(sent.full, n >= 26, "256 KiB a connection: {n}");
        if n % 2 == 0 {
            raw.connection.finish(n * 2 + 1);
        }
    }
    assert_eq!((raw.connection.queued(), raw.connection.streams()), (1_000_000, 50));
    raw.events();
    for second in 1..30 {
        raw.connection.tick(Duration::from_secs(second));
    }
    assert_eq!(raw.connection.queued(), 1_000_000);
    raw.connection.tick(Duration::from_secs(31));
    let events = raw.events();
    assert_eq!((raw.connection.queued(), events.len()), (0, 50), "told about those that run");
    assert!(raw.frames().iter().filter(|frame| frame.kind == RST_STREAM).count() == 100);
}

/// Two window updates, for stream and connection, at each half of a window.
///
/// Returns: how much of 1,000,000 octets has arrived when the connection closes or all is done.
fn download(half: u32) -> usize {
    let mut raw = Raw::new(Settings::default());
    raw.send(&[setting(4, half * 2), get(1)].concat());
    raw.connection.respond(1, 200, NO_FIELDS, false).unwrap();
    raw.connection.send(1, Bytes::from(vec![0; 1_000_000]), true).unwrap();
    raw.connection.finish(1);
    for _ in 0..1_000_000 / half {
        if closed(&raw.send(&[window(1, half), window(0, half)].concat())).is_some() {
            break;
        }
    }
    raw.frames().iter().filter(|frame| frame.kind == DATA).map(|frame| frame.payload.len()).sum()
}

#[test]
fn cve_2019_9511_data_dribble() {
    assert_eq!(download(512), 1_000_000, "small windows are honest");
    let octets = download(1);
    assert!((400..600).contains(&octets), "{octets} octets, two frames each");
}

#[test]
fn rfc9113_10_5_progress_is_not_a_stall() {
    let mut raw = Raw::new(Settings::default());
    raw.connection.tick(Duration::ZERO);
    raw.send(&[setting(4, 0), get(1)].concat());
    raw.connection.respond(1, 200, NO_FIELDS, false).unwrap();
    raw.connection.send(1, Bytes::from(vec![0; 100]), true).unwrap();
    for second in 1..100 {
        raw.connection.tick(Duration::from_secs(second));
        let events = raw.send(&window(1, 1));
        assert!(events.is_empty(), "{events:?}");
    }
}

#[test]
fn rfc9113_10_5_output_nobody_reads_is_bounded() {
    let mut raw = Raw::new(Settings { control_frames: u32::MAX, ..Settings::default() });
    raw.connection.tick(Duration::ZERO);
    let mut received = 0;
    while raw.connection.wants_input() {
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(100);
        received += pings.len();
        raw.connection.receive(&pings);
        while raw.connection.poll().is_some() {}
    }
    assert!(received < 200 * 1024, "{received} octets taken from a peer that reads nothing");
    let mut output = Vec::new();
    raw.connection.take_output(&mut output);
    assert!(output.len() < 64 * 1024 + 16 * 1024 + 100, "{}", output.len());
    assert!(raw.connection.is_ready(), "goes on where it stopped");

    while raw.connection.poll().is_some() {}
    raw.connection.tick(Duration::from_secs(1));
    raw.connection.tick(Duration::from_secs(31));
    let events: Vec<_> = std::iter::from_fn(|| raw.connection.poll()).collect();
    assert_eq!(closed(&events), Some((Reason::NO_ERROR, Cause::Timeout)));
}

#[test]
fn rfc9113_10_5_small_data_is_bounded() {
    // 1,024 pieces go to an owner that releases nothing. h2 holds more, and counts what they cost beside their octets.
    for together in [true, false] {
        let mut raw = Raw::new(Settings::default());
        let mut events = raw.send(&post(1));
        let piece = frame(DATA, 0, 1, b"x");
        for _ in 0..10_000 / 100 {
            match together {
                true => events.extend(raw.send(&piece.repeat(100))),
                false => (0..100).for_each(|_| events.extend(raw.send(&piece))),
            }
        }
        assert_eq!(closed(&events).map(|end| end.0), Some(CALM));
        let pieces = events.iter().filter(|event| matches!(event, Event::Data { .. })).count();
        assert_eq!(pieces, 1_024);
    }
}

#[test]
fn small_data_that_is_released_goes_on() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&post(1));
    let mut received = 0;
    for _ in 0..100 {
        let mut held = raw.send(&frame(DATA, 0, 1, b"xy").repeat(1_500)).len();
        assert_eq!(held, 1_024);
        for _ in 0..2 {
            received += held;
            raw.connection.release(1, held * 2);
            held = raw.events().len();
        }
    }
    assert_eq!(received, 150_000);
}

/// What the peer does next. `back` names a stream opened that many flights ago, whatever has become of it.
#[derive(Clone, Debug)]
enum Flight {
    Get,
    Post,
    Data { back: u32, size: usize, end: bool },
    Trailers { back: u32 },
    Reset { back: u32 },
    Window { back: u32, octets: u32 },
    InitialWindow(u32),
    Ping,
    Frame(Vec<u8>),
    Octets(Vec<u8>),
}

impl Flight {
    fn octets(self, n: u32) -> Vec<u8> {
        let ago = |back: u32| n.saturating_sub(back) * 2 + 1;
        match self {
            Self::Get => get(n * 2 + 1),
            Self::Post => post(n * 2 + 1),
            Self::Data { back, size, end } => frame(DATA, end.into(), ago(back), &vec![b'd'; size]),
            Self::Trailers { back } => frame(HEADERS, END_HEADERS | END_STREAM, ago(back), &block(&[("x", "y")])),
            Self::Reset { back } => rst(ago(back)),
            Self::Window { back, octets } => window(ago(back), octets),
            Self::InitialWindow(octets) => setting(4, octets),
            Self::Ping => frame(PING, 0, 0, &[7; 8]),
            Self::Frame(octets) | Self::Octets(octets) => octets,
        }
    }
}

fn any_flight() -> impl Strategy<Value = Flight> {
    let payload = proptest::collection::vec(any::<u8>(), 0..40);
    let back = || 0_u32..6;
    prop_oneof![
        100 => Just(Flight::Get),
        100 => Just(Flight::Post),
        50 => (back(), 0_usize..3_000, any::<bool>()).prop_map(|(back, size, end)| Flight::Data { back, size, end }),
        20 => back().prop_map(|back| Flight::Trailers { back }),
        40 => back().prop_map(|back| Flight::Reset { back }),
        50 => (back(), 0_u32..100_000).prop_map(|(back, octets)| Flight::Window { back, octets }),
        20 => (0_u32..100_000).prop_map(Flight::InitialWindow),
        20 => Just(Flight::Ping),
        5 => (0_u8..12, any::<u8>(), 0_u32..8, payload)
            .prop_map(|(kind, flags, stream, payload)| Flight::Frame(frame(kind, flags, stream, &payload))),
        2 => proptest::collection::vec(any::<u8>(), 0..100).prop_map(Flight::Octets),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever comes after the preface, and whatever the owner answers: no panic, and it comes to rest.
    #[test]
    fn random_frames_and_answers(flights in proptest::collection::vec((any_flight(), 0_u8..16), 0..80)) {
        let mut raw = Raw::new(Settings { max_streams: 4, ..Settings::default() });
        let mut open = Vec::new();
        for (n, (flight, action)) in flights.into_iter().enumerate() {
            open.extend(requests(&raw.send(&flight.octets(n as u32))));
            raw.connection.tick(Duration::from_secs(n as u64));
            if let Some(&stream) = open.first() {
                let connection = &mut raw.connection;
                match action {
                    0 => { let _ = connection.respond(stream, 200, NO_FIELDS, n % 2 == 0); }
                    1 => { let _ = connection.respond(stream, 103, NO_FIELDS, false); }
                    2 => { let _ = connection.send(stream, Bytes::from(vec![0; 1 << (n % 20)]), n % 2 == 0); }
                    3 => { let _ = connection.send_trailers(stream, [(&b"x"[..], &b"y"[..])]); }
                    4 => connection.release(stream, n),
                    5 => connection.reset(stream, Reason::CANCEL),
                    6 => connection.finish(open.remove(0)),
                    7 if n % 8 == 0 => connection.drain(),
                    _ => {}
                }
            }
            prop_assert!(raw.connection.streams() <= 4);
        }
        raw.events();
        open.into_iter().for_each(|stream| raw.connection.finish(stream));
        prop_assert_eq!(raw.connection.streams(), 0);
        raw.connection.close(Reason::NO_ERROR);
        raw.events();
        prop_assert!(raw.connection.is_closed());
        prop_assert_eq!(raw.connection.queued(), 0);
    }

    #[test]
    fn random_octets_after_the_preface(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut raw = Raw::silent(Settings::default());
        raw.send(PREFACE);
        raw.send(&octets);
        raw.connection.close(Reason::NO_ERROR);
        raw.events();
        prop_assert!(raw.connection.is_closed());
    }
}
