//! Opening a name below a folder, so that nothing leads out of it.
//!
//! Linux does it in one call: `openat2` with RESOLVE_BENEATH, which follows symbolic links as long as every step stays inside, whatever is
//! renamed meanwhile. Elsewhere, and where a kernel or a sandbox lacks the call, each segment is opened on its own and no link is followed.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{openat, Mode, OFlags};
use rustix::io::Errno;

/// Times that a rename elsewhere may disturb the walk before it is given up (openat2(2), EAGAIN).
#[cfg(target_os = "linux")]
const ATTEMPTS: usize = 8;

/// NONBLOCK because opening a FIFO would otherwise wait for its writer; it changes nothing for a regular file.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::NOFOLLOW);

/// PATH where there is one: passing through a folder needs no right to list it.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::CLOEXEC).union(OFlags::DIRECTORY);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::DIRECTORY);

/// A folder held open.
#[derive(Debug)]
pub(crate) struct Folder {
    descriptor: OwnedFd,
    is_walked: AtomicBool,
}

impl Folder {
    pub(crate) fn open(path: &std::path::Path) -> Result<Self, Errno> {
        let descriptor = rustix::fs::open(path, FOLDER, Mode::empty())?;
        Ok(Folder { descriptor, is_walked: AtomicBool::new(!cfg!(target_os = "linux")) })
    }

    /// Open the file that `name` (relative, without `.` and `..`) names.
    pub(crate) fn open_file(&self, name: &[u8]) -> Result<File, Errno> {
        if !self.is_walked.load(Ordering::Relaxed) {
            match resolve(self.descriptor.as_fd(), name) {
                // Without the call: the kernel says NOSYS, old container sandboxes PERM.
                Err(Errno::NOSYS | Errno::PERM) => self.is_walked.store(true, Ordering::Relaxed),
                outcome => return outcome.map(File::from),
            }
        }
        walk(self.descriptor.as_fd(), name).map(File::from)
    }
}

#[cfg(target_os = "linux")]
fn resolve(folder: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    use rustix::fs::{openat2, ResolveFlags};

    let flags = FILE.difference(OFlags::NOFOLLOW);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 1..ATTEMPTS {
        match openat2(folder, name, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            outcome => return outcome,
        }
    }
    openat2(folder, name, flags, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn resolve(_: BorrowedFd<'_>, _: &[u8]) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

fn walk(folder: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let mut inside: Option<OwnedFd> = None;
    let mut rest = name;
    loop {
        let at = inside.as_ref().map_or(folder, AsFd::as_fd);
        match rest.iter().position(|&octet| octet == b'/') {
            None => return openat(at, rest, FILE, Mode::empty()),
            Some(slash) => {
                let (segment, tail) = rest.split_at(slash);
                inside = Some(openat(at, segment, FOLDER | OFlags::NOFOLLOW, Mode::empty())?);
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::os::unix::fs::symlink;

    use super::*;

    type Way = fn(BorrowedFd<'_>, &[u8]) -> Result<OwnedFd, Errno>;

    /// The names that each way opens, of a folder with links that stay inside and links that lead out.
    fn opened(way: Way, number: u32) -> Result<Vec<&'static str>, Box<dyn Error>> {
        let outside = std::env::temp_dir().join(format!("spica-beneath-{}-{number}", std::process::id()));
        let inside = outside.join("public");
        std::fs::create_dir_all(inside.join("folder"))?;
        for name in ["secret", "public/file", "public/folder/file"] {
            std::fs::write(outside.join(name), name)?;
        }
        for (target, name) in [
            ("file", "link"),
            ("folder", "folder-link"),
            ("../file", "folder/up"),
            ("../secret", "out"),
            ("..", "parent"),
            ("/etc/hostname", "absolute"),
            ("/proc/self/root", "magic"),
            ("loop", "loop"),
            ("missing", "dangling"),
        ] {
            symlink(target, inside.join(name))?;
        }
        let folder = Folder::open(&inside)?;
        let names = [
            "file",
            "folder/file",
            "link",
            "folder-link/file",
            "folder/up",
            "out",
            "parent/secret",
            "parent/public/file",
            "absolute",
            "magic/etc/hostname",
            "loop",
            "dangling",
            "missing",
            "file/file",
            "../secret",
            "/etc/hostname",
            "",
        ];
        let found = names.into_iter().filter(|name| way(folder.descriptor.as_fd(), name.as_bytes()).is_ok()).collect();
        std::fs::remove_dir_all(outside)?;
        Ok(found)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_follows_links_that_stay_inside() -> Result<(), Box<dyn Error>> {
        assert_eq!(opened(resolve, 1)?, ["file", "folder/file", "link", "folder-link/file", "folder/up"]);
        Ok(())
    }

    /// `..` and absolute names never come here: `parse_name` makes none.
    #[test]
    fn a_walk_follows_no_links() -> Result<(), Box<dyn Error>> {
        let found = opened(walk, 2)?;
        assert_eq!(found[..2], ["file", "folder/file"]);
        assert!(found[2..].iter().all(|name| name.starts_with("../") || name.starts_with('/')), "{found:?}");
        Ok(())
    }

    #[test]
    fn a_kernel_without_the_call_is_asked_once() -> Result<(), Box<dyn Error>> {
        let folder = Folder::open(&std::env::current_dir()?)?;
        folder.is_walked.store(true, Ordering::Relaxed);
        assert!(folder.open_file(b"Cargo.toml").is_ok() && folder.open_file(b"src/lib.rs").is_ok());
        assert!(folder.open_file(b"src/missing.rs").is_err() && folder.open_file(b"Cargo.toml/x").is_err());
        Ok(())
    }
}
