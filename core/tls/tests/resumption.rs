//! Tickets: across workers and restarts, over time, and when they are wrong.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod pair;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pair::{client_config, root, Folder, Pair, TLS12, TLS13, WHOLE};
use spica_tls::{Acceptor, Options, TicketSecret, TICKET_EPOCH};

fn secret(octet: u8) -> Option<TicketSecret> {
    Some(TicketSecret::new(vec![octet; 32]).unwrap())
}

/// Connects to `first`, then to `second`; whether the second handshake was a resumption.
fn resumes(
    options: [&Options; 2],
    versions: &[&'static rustls::SupportedProtocolVersion],
    between: impl FnOnce(),
) -> bool {
    let folder = Folder::new();
    let files = folder.certificate("a", &["localhost"], (options[0].now)());
    let config = Arc::new(client_config(&[root(&files.chain)], versions));
    let [first, second] = options
        .map(|options| Acceptor::new(&Options { certificates: vec![files.clone()], ..options.clone() }).unwrap());
    let pair = Pair::open(&first, &config, "localhost");
    assert!(!pair.session.is_resumed());
    between();
    let mut pair = Pair::open(&second, &config, "localhost");
    // Resumed or not, the session works.
    pair.client_says(b"ping");
    pair.server_says(b"pong");
    pair.exchange(WHOLE).unwrap();
    assert!(pair.heard == b"ping" && pair.client_hears() == b"pong");
    assert_eq!(pair.session.server_name(), Some("localhost"));
    pair.session.is_resumed()
}

#[test]
fn workers_with_one_secret_resume_each_others_sessions() {
    for versions in [TLS12, TLS13] {
        let options = Options { ticket_secret: secret(1), ..Options::default() };
        assert!(resumes([&options, &options], versions, || ()));
    }
}

#[test]
fn without_a_secret_or_with_another_the_handshake_is_full() {
    for versions in [TLS12, TLS13] {
        let none = Options::default();
        assert!(!resumes([&none, &none], versions, || ()));
        let [one, other] = [1, 2].map(|octet| Options { ticket_secret: secret(octet), ..Options::default() });
        assert!(!resumes([&one, &other], versions, || ()));
    }
}

#[test]
fn one_acceptor_resumes_without_a_secret() {
    let (acceptor, config, _folder) = pair::localhost(&Options::default(), TLS13);
    let config = Arc::new(config);
    Pair::open(&acceptor, &config, "localhost");
    assert!(Pair::open(&acceptor.clone(), &config, "localhost").session.is_resumed());
}

/// The time of `a_ticket_is_good_in_its_epoch_and_the_next`, which nothing else reads.
static NOW: AtomicU64 = AtomicU64::new(0);

fn fake_now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::Relaxed))
}

#[test]
fn a_ticket_is_good_in_its_epoch_and_the_next() {
    let epoch = TICKET_EPOCH.as_secs();
    let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // The client's clock is the real one, so the certificates must be from before.
    let begin = (real / epoch - 2) * epoch;
    let options = Options { ticket_secret: secret(3), now: fake_now, ..Options::default() };
    // From the first or the last second of an epoch, so much later.
    let cases = [
        (begin, 0, true),
        (begin, epoch - 1, true),
        (begin, 2 * epoch - 1, true),
        (begin, 2 * epoch, false),
        (begin + epoch - 1, epoch, true),
        (begin + epoch - 1, epoch + 1, false),
        (begin, 200 * epoch, false),
    ];
    for versions in [TLS12, TLS13] {
        for (start, later, good) in cases {
            NOW.store(start, Ordering::Relaxed);
            let roll = || NOW.store(start + later, Ordering::Relaxed);
            assert_eq!(resumes_on_one(&options, versions, roll), good, "{later} s after {}", start - begin);
        }
    }
}

/// As [`resumes`], on one acceptor that lives through the roll, and with a client whose own clock stands still.
fn resumes_on_one(
    options: &Options,
    versions: &[&'static rustls::SupportedProtocolVersion],
    roll: impl FnOnce(),
) -> bool {
    let (acceptor, config, _folder) = pair::localhost(options, versions);
    let config = Arc::new(config);
    Pair::open(&acceptor, &config, "localhost");
    roll();
    Pair::open(&acceptor, &config, "localhost").session.is_resumed()
}

#[test]
fn rfc8446_4_6_1_two_tickets_each_for_six_hours() {
    use rustls::client::{ClientSessionStore, Resumption};
    let (acceptor, mut config, _folder) = pair::localhost(&Options::default(), TLS13);
    let store = Arc::new(rustls::client::ClientSessionMemoryCache::new(8));
    config.resumption = Resumption::store(store.clone());
    Pair::open(&acceptor, &Arc::new(config), "localhost");
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let tickets: Vec<_> = std::iter::from_fn(|| store.take_tls13_ticket(&name)).collect();
    assert_eq!(tickets.len(), 2);
    assert!(format!("{:?}", tickets[0]).contains("21600"), "{:?}", tickets[0]);
}

#[test]
fn a_garbled_ticket_falls_back_to_a_full_handshake() {
    // A TLS 1.2 client sends its ticket in the clear. Changing it in the hello also changes the transcript, so the handshake can't
    // finish, but the server's first answer shows that it has gone for a full one: it sends its certificate.
    let options = Options { ticket_secret: secret(4), ..Options::default() };
    let (acceptor, config, _folder) = pair::localhost(&options, TLS12);
    let config = Arc::new(config);
    Pair::open(&acceptor, &config, "localhost");
    let mut plain = Vec::new();
    let mut answers = Vec::new();
    for garble in [false, true] {
        let mut pair = Pair::new(&acceptor, &config, "localhost");
        let mut hello = Vec::new();
        pair.client.write_tls(&mut hello).unwrap();
        if garble {
            // The session_ticket extension (35) is followed by its length and the ticket.
            let at = hello.windows(3).position(|window| window == [0, 35, 0] || window == [0, 35, 1]).unwrap();
            hello[at + 4 + 40] ^= 1;
        }
        let mut answer = Vec::new();
        pair.session.receive(&mut hello, &mut plain).unwrap();
        pair.session.take_output(&mut answer);
        answers.push((pair.session.is_resumed(), answer.len()));
    }
    assert!(answers[0].0 && !answers[1].0, "{answers:?}");
    assert!(answers[1].1 > answers[0].1, "{answers:?}");
}
