//! Calls that systems have differently, under one set of names: `system/linux.rs` has Linux's own, `system/portable.rs`
//! what every Unix has. Readiness is `poller.rs`, opening below a folder `core/files/src/beneath.rs`.
//!
//! With the feature `kqueue`, Linux gets the portable ones too, so that tests can run what macOS and FreeBSD run.

#[cfg(all(target_os = "linux", not(feature = "kqueue")))]
mod linux;
#[cfg(all(target_os = "linux", not(feature = "kqueue")))]
pub use linux::{accept, send_file, MONOTONIC, REALTIME};

#[cfg(not(all(target_os = "linux", not(feature = "kqueue"))))]
mod portable;
#[cfg(not(all(target_os = "linux", not(feature = "kqueue"))))]
pub use portable::{accept, send_file, MONOTONIC, REALTIME};

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::net::{sockopt, SendFlags};

/// Sending to a peer that is gone is an error and no signal. macOS has no such flag, `accept` sets it on the socket.
#[cfg(not(target_vendor = "apple"))]
pub const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
pub const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Has the kernel ask peers that say nothing whether they are still there: who vanished without a word would otherwise
/// keep a handler that has nothing to send for ever. Accepted sockets inherit it; a Unix socket needs none.
pub fn keep_alive(listener: BorrowedFd<'_>) {
    let _ = sockopt::set_socket_keepalive(listener, true);
    let _ = sockopt::set_tcp_keepidle(listener, Duration::from_secs(60));
    let _ = sockopt::set_tcp_keepintvl(listener, Duration::from_secs(15));
    let _ = sockopt::set_tcp_keepcnt(listener, 4);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::{fcntl_getfl, OFlags};
    use rustix::io::{fcntl_getfd, Errno, FdFlags};

    use super::*;

    fn connected() -> (TcpStream, OwnedFd, OwnedFd) {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        keep_alive(bound.as_fd());
        let client = TcpStream::connect(bound.local_addr().unwrap()).unwrap();
        let listener: OwnedFd = bound.into();
        let (server, address) = accept(&listener).unwrap();
        assert!(address.is_some());
        (client, listener, server)
    }

    #[test]
    fn an_accepted_socket_does_not_block_is_not_inherited_and_its_peer_is_asked_for() {
        let (_client, listener, server) = connected();
        assert!(fcntl_getfl(&server).unwrap().contains(OFlags::NONBLOCK));
        assert!(fcntl_getfd(&server).unwrap().contains(FdFlags::CLOEXEC));
        assert!(sockopt::socket_keepalive(&server).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&server).unwrap(), Duration::from_secs(60));
        assert_eq!(accept(&listener).err(), Some(Errno::AGAIN));
    }

    fn file(octets: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(octets).unwrap();
        file
    }

    #[test]
    fn a_part_of_a_file_is_sent_and_the_files_own_place_stays() {
        let (mut client, _listener, server) = connected();
        let octets: Vec<u8> = (0..50_000u32).map(|n| n as u8).collect();
        let file = file(&octets);
        let mut sent = 0;
        while sent < 40_000 {
            sent += send_file(&server, &file, 5000 + sent as u64, 40_000 - sent).unwrap();
        }
        drop(server);
        let mut got = Vec::new();
        client.read_to_end(&mut got).unwrap();
        assert!(got == octets[5000..45_000]);
        assert_eq!(rustix::fs::tell(&file).unwrap(), 50_000);
    }

    #[test]
    fn a_file_that_became_shorter_sends_nothing_and_a_peer_that_takes_nothing_is_not_waited_for() {
        let (_client, _listener, server) = connected();
        assert_eq!(send_file(&server, &file(b"short"), 5, 100), Ok(0));
        let long = file(&vec![7; 1 << 20]);
        let outcome = (0..1000).map(|_| send_file(&server, &long, 0, 1 << 20)).find(Result::is_err);
        assert_eq!(outcome, Some(Err(Errno::AGAIN)));
    }

    #[test]
    fn sending_to_a_peer_that_is_gone_is_an_error() {
        let (client, _listener, server) = connected();
        sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        drop(client);
        let outcome = (0..1000).map(|_| rustix::net::send(&server, &[0; 4096], NO_SIGNAL)).find(Result::is_err);
        assert!(matches!(outcome, Some(Err(Errno::PIPE | Errno::CONNRESET))), "{outcome:?}");
    }
}
