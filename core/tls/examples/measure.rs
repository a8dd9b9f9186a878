//! What a session costs: `cargo run --release -p spica-tls --example measure`.
//!
//! Memory: live heap octets of an idle server session by a counting allocator, and the growth of the process, which also sees what the
//! C library keeps. Time: the server's share of a handshake, and of small and large records; each the best of several rounds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, SupportedProtocolVersion};
use spica_tls::{self_signed, Acceptor, CertificateFiles, Options, Session};

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; `pointer` came from `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const IDLE: usize = 2_000;
const HANDSHAKES: usize = 300;
const RECORDS: usize = 20_000;
const ROUNDS: usize = 5;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("spica-tls-measure-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let made = self_signed(&["localhost".into()], SystemTime::now())?;
    let files = CertificateFiles { chain: folder.join("chain.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.chain, &made.chain)?;
    std::fs::write(&files.key, &made.key)?;
    let acceptor = Acceptor::new(&Options { certificates: vec![files], ..Options::default() })?;
    std::fs::remove_dir_all(&folder)?;
    println!("Session itself: {} octets", std::mem::size_of::<Session>());
    for (name, version) in [("TLS 1.2", &TLS12), ("TLS 1.3", &TLS13)] {
        let config = client(&made.chain, version)?;
        idle(name, &acceptor, &config)?;
        handshakes(name, &acceptor, &config)?;
        records(name, &acceptor, &config)?;
    }
    Ok(())
}

fn client(chain: &str, version: &'static SupportedProtocolVersion) -> Outcome<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(chain.as_bytes())?)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// A finished handshake, and the time that the server spent in it.
fn open(acceptor: &Acceptor, config: &Arc<ClientConfig>) -> Outcome<(ClientConnection, Session, Duration)> {
    let mut client = ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
    let start = Instant::now();
    let mut session = acceptor.session()?;
    let mut spent = start.elapsed();
    let (mut plain, mut to_server, mut to_client) = (Vec::new(), Vec::new(), Vec::new());
    while client.is_handshaking() || session.is_handshaking() || client.wants_write() {
        to_server.clear();
        while client.wants_write() {
            client.write_tls(&mut to_server)?;
        }
        let start = Instant::now();
        session.receive(&mut to_server, &mut plain)?;
        to_client.clear();
        session.take_output(&mut to_client);
        spent += start.elapsed();
        let mut rest = &to_client[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest)?;
            client.process_new_packets()?;
        }
    }
    Ok((client, session, spent))
}

/// Sessions that have answered one request with 2 KiB, and wait for the next.
fn idle(name: &str, acceptor: &Acceptor, config: &Arc<ClientConfig>) -> Outcome<()> {
    let mut sessions = Vec::with_capacity(IDLE);
    drop(open(acceptor, config)?);
    let mut heap = 0;
    let resident = resident_octets()?;
    for _ in 0..IDLE {
        let before = LIVE.load(Ordering::Relaxed);
        let (mut client, mut session, _) = open(acceptor, config)?;
        exchange(&mut client, &mut session, 200, 2048)?;
        drop(client);
        heap += LIVE.load(Ordering::Relaxed).saturating_sub(before);
        sessions.push(session);
    }
    let grown = resident_octets()?.saturating_sub(resident);
    // Kept, so that the next measurement gets no memory from these.
    std::mem::forget(sessions);
    println!("{name}  idle session: {} octets of heap, {} octets of growth", heap / IDLE, grown / IDLE);
    Ok(())
}

fn exchange(client: &mut ClientConnection, session: &mut Session, request: usize, answer: usize) -> Outcome<()> {
    let (mut octets, mut plain) = (Vec::new(), Vec::new());
    client.writer().write_all(&vec![b'q'; request])?;
    client.write_tls(&mut octets)?;
    session.receive(&mut octets, &mut plain)?;
    octets.clear();
    session.send(&vec![b'a'; answer], &mut octets)?;
    client.read_tls(&mut &octets[..])?;
    client.process_new_packets()?;
    client.reader().read_exact(&mut vec![0; answer])?;
    Ok(())
}

fn handshakes(name: &str, acceptor: &Acceptor, config: &Arc<ClientConfig>) -> Outcome<()> {
    let mut resuming = ClientConfig::clone(config);
    resuming.resumption = Resumption::in_memory_sessions(32);
    for (kind, config) in [("full", config.clone()), ("resumed", Arc::new(resuming))] {
        drop(open(acceptor, &config)?);
        let mut times = Vec::with_capacity(HANDSHAKES);
        for _ in 0..HANDSHAKES {
            let (_, session, spent) = open(acceptor, &config)?;
            assert_eq!(session.is_resumed(), kind == "resumed");
            times.push(spent);
        }
        times.sort();
        let [best, median] = [0, HANDSHAKES / 2].map(|place| times[place].as_secs_f64() * 1e6);
        println!("{name}  {kind:8} handshake: median {median:6.0} us, best {best:6.0} us");
    }
    Ok(())
}

fn records(name: &str, acceptor: &Acceptor, config: &Arc<ClientConfig>) -> Outcome<()> {
    for (size, times) in [(200, RECORDS), (16_384, RECORDS / 20)] {
        let (mut client, mut session, _) = open(acceptor, config)?;
        client.set_buffer_limit(None);
        let content = vec![b'x'; size];
        let (mut plain, mut cipher) = (Vec::new(), Vec::new());
        let [mut receiving, mut sending] = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            let mut records = Vec::with_capacity(times);
            for _ in 0..times {
                client.writer().write_all(&content)?;
                let mut record = Vec::new();
                client.write_tls(&mut record)?;
                records.push(record);
            }
            let start = Instant::now();
            for record in &mut records {
                plain.clear();
                session.receive(record, &mut plain)?;
            }
            receiving = receiving.min(start.elapsed().as_secs_f64() * 1e9 / times as f64);
            let start = Instant::now();
            for _ in 0..times {
                cipher.clear();
                session.send(&content, &mut cipher)?;
            }
            sending = sending.min(start.elapsed().as_secs_f64() * 1e9 / times as f64);
        }
        println!("{name}  record of {size:5} octets: receive {receiving:6.0} ns, send {sending:6.0} ns");
    }
    Ok(())
}

fn resident_octets() -> Outcome<usize> {
    let pages: usize = std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(pages * 4096)
}
