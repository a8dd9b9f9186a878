//! A regular file that is open, with what its validators are made of.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use spica_coding::Coding;

/// An open regular file; what is asked of it is asked of this descriptor, so a rename can't swap it for another.
#[derive(Debug)]
pub struct Opened {
    /// Positioned at its start.
    pub file: File,
    /// Octets.
    pub len: u64,
    /// Time of the last change: seconds since 1970, and nanoseconds within the second.
    pub modified: (i64, i64),
}

impl Opened {
    /// Take a file, if it is a regular one.
    ///
    /// Returns: None for folders, devices, FIFOs and sockets.
    pub fn new(file: File) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Ok(metadata.is_file().then_some(Opened { len: metadata.len(), modified, file }))
    }

    /// Open a path that the application chose; symbolic links are followed. Never waits for a FIFO's writer.
    ///
    /// Returns: None when it is no regular file.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        Opened::new(rustix::fs::open(path, flags, Mode::empty())?.into())
    }

    /// A strong ETag: time and size, so that hosts which copied the files with their times agree.
    ///
    /// Two changes within one tick of the kernel's clock (up to 4 ms) that keep the size would share it; so do nginx's, within a second.
    pub fn etag(&self, coding: Option<Coding>) -> String {
        let (seconds, nanoseconds) = self.modified;
        let (dash, token) = coding.map_or(("", ""), |coding| ("-", coding.token()));
        format!("\"{seconds:x}.{nanoseconds:x}-{:x}{dash}{token}\"", self.len)
    }

    /// Seconds for Last-Modified; None when the file is from the future (RFC 9110 section 8.8.2.1) or outside the format's years.
    pub fn last_modified(&self, now: i64) -> Option<i64> {
        Some(self.modified.0).filter(|seconds| *seconds >= 0 && *seconds <= now)
    }
}
