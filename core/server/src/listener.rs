//! Accepting: a listening socket becomes connected, non-blocking descriptors.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{acceptfrom_with, sockopt, SocketAddrAny, SocketFlags};

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
        match acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
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

fn peer_address(address: SocketAddrAny) -> Option<SocketAddr> {
    SocketAddr::try_from(address).ok()
}
