//! Linux's own calls.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::io::Result;
use rustix::net::{acceptfrom_with, SocketAddrAny, SocketFlags};
use rustix::time::ClockId;

/// Time that only goes forward, exact to some milliseconds and cheap to read.
pub const MONOTONIC: ClockId = ClockId::MonotonicCoarse;
/// Time of day, the same way.
pub const REALTIME: ClockId = ClockId::RealtimeCoarse;

/// Takes one connection from the backlog: it does not block, and no program started later inherits it.
pub fn accept(listener: &OwnedFd) -> Result<(OwnedFd, Option<SocketAddrAny>)> {
    acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
}

/// Sends octets of a file from `offset` on, as many as the kernel takes now. 0 says that the file ends there.
pub fn send_file(socket: &OwnedFd, file: &File, mut offset: u64, most: usize) -> Result<usize> {
    rustix::fs::sendfile(socket, file, Some(&mut offset), most)
}
