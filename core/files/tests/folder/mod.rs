//! A folder that exists as long as its test.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use spica_files::{Answer, Body, Request, Root, Segment};

pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> io::Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("spica-files-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Write a file that was changed `seconds` after 1970.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>, seconds: u64) -> io::Result<()> {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        std::fs::write(&path, content)?;
        std::fs::File::options()
            .write(true)
            .open(path)?
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sun, 06 Nov 1994 08:49:37 GMT
#[allow(dead_code, reason = "not every test file needs a date")]
pub const CHANGED: u64 = 784_111_777;

#[allow(dead_code, reason = "not every test file asks a root")]
pub fn get(root: &Root, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
    ask(root, "GET", path, fields)
}

#[allow(dead_code, reason = "not every test file asks a root")]
pub fn ask(root: &Root, method: &str, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
    let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
    root.answer(path.as_bytes(), &Request { method: method.as_bytes(), field: &field, now: 1_800_000_000 })
}

#[allow(dead_code, reason = "not every test file reads fields")]
pub fn field<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
}

/// What a client would receive; checks that it is as long as announced.
#[allow(dead_code, reason = "not every test file reads content")]
pub fn content(answer: &Answer) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;

    let mut out = Vec::new();
    let Body::Segments { file, segments } = &answer.body else { return Ok(out) };
    for segment in segments {
        match segment {
            Segment::Bytes(bytes) => out.extend_from_slice(bytes),
            Segment::File { offset, len } => {
                let start = out.len();
                out.resize(start + usize::try_from(*len).map_err(io::Error::other)?, 0);
                file.read_exact_at(&mut out[start..], *offset)?;
            }
        }
    }
    assert_eq!(out.len() as u64, answer.len);
    Ok(out)
}
