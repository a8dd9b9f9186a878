//! A connection over TLS whose peer breaks the rules while an answer waits for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tls/tests/pair/mod.rs"]
mod pair;
mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::ClientConnection;
use spica_server::Options;

use pair::{localhost, TLS13};
use support::{reactor, Given};

const SECRET: &[u8] = &[b's'; 32 * 1024];

/// Sends what the client has to say.
fn say(client: &mut ClientConnection, peer: &mut TcpStream) {
    while client.wants_write() {
        client.write_tls(peer).unwrap();
    }
}

#[test]
fn rfc8446_6_2_what_waits_is_never_sent_in_clear_text_when_the_session_fails() {
    let (acceptor, mut config, _folder) = localhost(&spica_tls::Options::default(), TLS13);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut reactor = reactor(Given::html(10), Options { compression: None, ..Options::default() });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reactor.listen(listener.into(), Some(acceptor)).unwrap();
    peer.set_nonblocking(true).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    client.writer().write_all(b"GET /stream HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let began = Instant::now();
    while reactor.app().outboxes.borrow().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "no request arrives");
        say(&mut client, &mut peer);
        reactor.poll().unwrap();
        if client.read_tls(&mut peer).is_ok() {
            client.process_new_packets().unwrap();
        }
    }
    let (outbox, exchange) =
        (reactor.app().outboxes.take().pop_front().unwrap(), reactor.app().exchange.get().unwrap());
    // More than the kernel takes: the rest waits, most of it not encrypted yet.
    while !outbox.is_full() {
        outbox.push(SECRET);
        reactor.attend(exchange);
    }
    for _ in 0..3 {
        outbox.push(SECRET);
        reactor.attend(exchange);
    }
    reactor.finish(exchange, true);
    // A record that nobody who knows the keys has made: whoever is between both can send it.
    peer.write_all(&[&[23, 3, 3, 0, 32][..], &[7; 32]].concat()).unwrap();
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    while reactor.connections() > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "the connection stays");
        reactor.poll().unwrap();
        while let Ok(n @ 1..) = peer.read(&mut buffer) {
            got.extend_from_slice(&buffer[..n]);
        }
    }
    assert!(!got.windows(64).any(|octets| octets == [b's'; 64]), "content was sent in clear text");
}

#[test]
fn promise_12_records_of_many_small_pieces_do_not_widen_the_window_of_anothers_transport() {
    const WINDOW: usize = 10_000;
    let (acceptor, mut config, _folder) = localhost(&spica_tls::Options::default(), TLS13);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut reactor = reactor(Given::html(10), Options { compression: None, ..Options::default() });
    let token = reactor.open_over(None, Some(&acceptor), WINDOW).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    client.writer().write_all(b"GET /stream HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    while reactor.app().outboxes.borrow().is_empty() {
        let mut octets = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut octets).unwrap();
        }
        reactor.feed(token, &octets);
        let sent = reactor.app().sent.take();
        reactor.written(token, sent.len());
        client.read_tls(&mut &sent[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    let (outbox, exchange) =
        (reactor.app().outboxes.take().pop_front().unwrap(), reactor.app().exchange.get().unwrap());
    for _ in 0..5000 {
        outbox.push(b".");
        reactor.attend(exchange);
        let sent = reactor.app().sent.take().len();
        reactor.written(token, sent);
    }
    while !outbox.is_full() {
        outbox.push(&[b'x'; 1000]);
        reactor.attend(exchange);
    }
    let unwritten = reactor.app().sent.borrow().len();
    assert!(unwritten <= WINDOW + 1000, "{unwritten} octets wait outside of the window");
}
