//! Accepting: a listening socket becomes connected, non-blocking descriptors.
//!
//! Without a free descriptor nothing can be accepted, and the backlog stays readable. Then the [`Reserve`] is given up for
//! a moment, so that some of those who wait are told to come again instead of hanging (promise 17).

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::fs::{open, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{recv, send, shutdown, sockopt, RecvFlags, SendFlags, Shutdown, SocketAddrAny};

use crate::system::{self, NO_SIGNAL};

/// Connections turned away in one turn; the others stay in the backlog, where they may yet be served.
const SHED_PER_TURN: usize = 64;
/// The whole answer to who is turned away. Two seconds are how long recovery may take (promise 17).
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What one attempt to accept came to.
pub enum Accepted {
    /// A new connection and its other end (none for Unix sockets).
    Connection(OwnedFd, Option<SocketAddr>),
    /// Nobody waits.
    Empty,
    /// The process or the system is out of descriptors or memory: try again later, do not spin (promise 17).
    Exhausted,
}

/// Takes one connection from the backlog.
pub fn accept(listener: &OwnedFd) -> Accepted {
    loop {
        match system::accept(listener) {
            Ok((socket, address)) => {
                let peer = address.and_then(peer_address);
                if peer.is_some() {
                    // Without it, a small answer may wait for the peer's delayed acknowledgement. Failing is harmless.
                    let _ = sockopt::set_tcp_nodelay(&socket, true);
                }
                return Accepted::Connection(socket, peer);
            }
            // The peer hung up while it waited: look at the next one (accept(2), "Error handling").
            Err(Errno::CONNABORTED | Errno::INTR | Errno::PROTO) => {}
            Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => return Accepted::Exhausted,
            Err(_) => return Accepted::Empty,
        }
    }
}

/// None for a Unix socket. A socket for both families shows IPv4 peers in IPv6 form; they are IPv4 everywhere else.
fn peer_address(address: SocketAddrAny) -> Option<SocketAddr> {
    let address = SocketAddr::try_from(address).ok()?;
    Some(match address.ip().to_canonical() {
        ip if ip == address.ip() => address, // keeps an IPv6 scope
        ip => SocketAddr::new(ip, address.port()),
    })
}

/// A descriptor kept for the moment when there is no other.
pub struct Reserve {
    spare: Option<OwnedFd>,
}

impl Reserve {
    /// Takes a descriptor, if there is one.
    pub fn new() -> Self {
        let mut reserve = Reserve { spare: None };
        reserve.refill();
        reserve
    }

    /// Takes a descriptor again when the last use lost it to somebody else.
    pub fn refill(&mut self) {
        if self.spare.is_none() {
            self.spare = open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        }
    }

    /// Turns away who waits, at most [`SHED_PER_TURN`]: with an answer if the listener's peers speak clear text, else
    /// without a word. Returns how many.
    pub fn shed(&mut self, listener: &OwnedFd, clear_text: bool) -> usize {
        self.spare = None;
        let mut shed = 0;
        while shed < SHED_PER_TURN {
            let Accepted::Connection(socket, _) = accept(listener) else { break };
            if clear_text {
                turn_away(&socket);
            }
            shed += 1;
        }
        self.refill();
        shed
    }
}

/// Answers as far as that goes without waiting.
fn turn_away(socket: &OwnedFd) {
    let _ = send(socket, BUSY, SendFlags::DONTWAIT | NO_SIGNAL);
    let _ = shutdown(socket, Shutdown::Write);
    // Closing with input unread would send a reset, which may overtake the answer (RFC 9112 9.6).
    let mut unread = [0; 16 * 1024];
    let _ = recv(socket, &mut unread, RecvFlags::DONTWAIT);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::process::Command;
    use std::time::{Duration, Instant};

    use rustix::fs::fcntl_getfl;
    use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};

    use super::*;

    fn listening() -> (OwnedFd, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        (listener.into(), address)
    }

    fn connected(address: SocketAddr) -> TcpStream {
        let client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client
    }

    #[test]
    fn a_tcp_connection_has_a_peer_does_not_block_and_does_not_wait_with_small_answers() {
        let (listener, address) = listening();
        assert!(matches!(accept(&listener), Accepted::Empty));
        let client = connected(address);
        let Accepted::Connection(socket, peer) = accept(&listener) else { panic!("nobody waits") };
        assert_eq!(peer, Some(client.local_addr().unwrap()));
        assert!(fcntl_getfl(&socket).unwrap().contains(OFlags::NONBLOCK));
        assert!(sockopt::tcp_nodelay(&socket).unwrap());
    }

    #[test]
    fn a_unix_connection_has_no_peer_address() {
        let path = std::env::temp_dir().join(format!("spica-listener-{}.sock", std::process::id()));
        let bound = UnixListener::bind(&path).unwrap();
        bound.set_nonblocking(true).unwrap();
        let mut client = UnixStream::connect(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let listener: OwnedFd = bound.into();
        let Accepted::Connection(socket, peer) = accept(&listener) else { panic!("nobody waits") };
        assert_eq!(peer, None);
        assert!(fcntl_getfl(&socket).unwrap().contains(OFlags::NONBLOCK));
        send(&socket, b"hello", SendFlags::empty()).unwrap();
        drop(socket);
        let mut got = String::new();
        client.read_to_string(&mut got).unwrap();
        assert_eq!(got, "hello");
    }

    #[test]
    fn an_ipv4_peer_of_an_ipv6_socket_is_ipv4() {
        for (address, expected) in [
            ("[::ffff:203.0.113.9]:80", "203.0.113.9:80"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
            ("[fe80::1%3]:80", "[fe80::1%3]:80"),
            ("[::1]:80", "[::1]:80"),
            ("203.0.113.9:80", "203.0.113.9:80"),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(peer_address(address.into()), Some(expected.parse().unwrap()));
        }
    }

    const CHILD: &str = "SPICA_TEST_EXHAUST_DESCRIPTORS";

    /// In a process of its own, because descriptors belong to all tests of a process.
    #[test]
    fn promise_17_without_descriptors_who_waits_is_told_to_come_again() {
        if std::env::var_os(CHILD).is_some() {
            return exhausted();
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "listener::tests::promise_17_without_descriptors_who_waits_is_told_to_come_again"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("came to its end"), "{said}");
    }

    fn exhausted() {
        let limit = Rlimit { current: Some(64), maximum: getrlimit(Resource::Nofile).maximum };
        setrlimit(Resource::Nofile, limit).unwrap();
        let (listener, address) = listening();
        let mut reserve = Reserve::new();
        let mut clients: Vec<TcpStream> = (0..3).map(|_| connected(address)).collect();
        clients[0].write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
        let mut hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        assert!(hoard.len() > 10);

        // Those who wait are answered, and the reserve is there again.
        assert!(matches!(accept(&listener), Accepted::Exhausted));
        assert_eq!(reserve.shed(&listener, true), 3);
        for mut client in clients {
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).unwrap();
            assert_eq!(answer, BUSY);
        }
        assert!(reserve.spare.is_some());
        assert_eq!(reserve.shed(&listener, true), 0, "nobody waits");

        // The clients' descriptors are free now: one for another client, the rest are taken.
        let mut client = connected(address);
        hoard.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
        assert!(matches!(accept(&listener), Accepted::Exhausted));
        assert_eq!(reserve.shed(&listener, false), 1);
        assert_eq!(client.read(&mut [0; 16]).unwrap(), 0, "a TLS listener's peer would not understand an answer");
        drop(client);

        // The reserve is lost to somebody else: nothing is shed, nothing hangs, and it comes back with the first release.
        let _waits = connected(address);
        hoard.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
        let stolen = reserve.spare.take();
        assert!(stolen.is_some());
        let began = Instant::now();
        assert_eq!(reserve.shed(&listener, true), 0);
        assert!(reserve.spare.is_none() && began.elapsed() < Duration::from_secs(1));
        hoard.truncate(hoard.len() - 2);
        reserve.refill();
        assert!(reserve.spare.is_some());
        assert!(matches!(accept(&listener), Accepted::Connection(..)), "who waited in the backlog is served after all");
        println!("came to its end");
    }
}
