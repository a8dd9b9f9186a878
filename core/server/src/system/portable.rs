//! What every Unix has in place of Linux's calls.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::io::{fcntl_setfd, ioctl_fionbio, pread, FdFlags, Result};
use rustix::net::{acceptfrom, send, SocketAddrAny};
use rustix::time::ClockId;

use super::NO_SIGNAL;

/// Time that only goes forward. macOS reads it without entering the kernel.
pub const MONOTONIC: ClockId = ClockId::Monotonic;
/// Time of day.
pub const REALTIME: ClockId = ClockId::Realtime;

/// Octets of a file that are copied at a time.
const COPIED: usize = 32 * 1024;

/// Takes one connection from the backlog: it does not block, and no program started later inherits it.
///
/// macOS has no accept4. A program that another thread starts between the calls would inherit the socket; those that
/// Python's subprocess starts inherit nothing that they are not given.
pub fn accept(listener: &OwnedFd) -> Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (socket, address) = acceptfrom(listener)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    #[cfg(target_vendor = "apple")]
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok((socket, address))
}

/// Sends octets of a file from `offset` on, as many as the kernel takes now. 0 says that the file ends there.
///
/// The sendfile(2) of macOS and that of FreeBSD differ from each other and from Linux's; reading and sending is the same
/// everywhere, and copies what they would not.
pub fn send_file(socket: &OwnedFd, file: &File, offset: u64, most: usize) -> Result<usize> {
    let mut octets = [0; COPIED];
    let read = pread(file, &mut octets[..most.min(COPIED)], offset)?;
    if read == 0 {
        return Ok(0);
    }
    send(socket, &octets[..read], NO_SIGNAL)
}
