//! Whole content while it arrives: in memory when it is small, in an unnamed file when it is not.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::application::Content;

/// Content above this goes to a file.
pub const IN_MEMORY: usize = 64 * 1024;

/// Collects the content of one request.
#[derive(Default)]
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    written: u64,
}

impl Spool {
    /// Where the next octets are to be appended; call [`Spool::settle`] afterwards.
    pub fn sink(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Moves to the file what does not fit memory.
    ///
    /// # Errors
    /// When the file can't be made or written: a full disk.
    pub fn settle(&mut self, folder: &PathBuf, done: bool) -> io::Result<()> {
        if self.file.is_none() {
            if self.memory.len() <= IN_MEMORY {
                return Ok(());
            }
            self.file = Some(tempfile::tempfile_in(folder)?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory)?;
            self.written += self.memory.len() as u64;
            self.memory.clear();
            if done {
                self.memory = Vec::new();
            }
        }
        Ok(())
    }

    /// The whole content.
    pub fn content(&self) -> Content<'_> {
        match &self.file {
            Some(file) => Content::File { file, len: self.written },
            None => Content::Bytes(&self.memory),
        }
    }
}
