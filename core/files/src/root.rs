//! A folder whose files are public.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use spica_coding::{Accepted, Coding, Offered, Types};

use crate::answer::{answer_file, Answer, Description};
use crate::beneath::Folder;
use crate::fingerprint::{fingerprint_of, IMMUTABLE};
use crate::media_type::type_of;
use crate::name::parse_name;
use crate::opened::Opened;
use crate::origins::Origins;
use crate::request::Request;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cache-Control of names without a fingerprint: `no-cache` (ask each time) while developing, `public, max-age=…` in production.
    pub cache_control: Cow<'static, str>,
    /// Codings in which a file may lie beside its original, as `name.zst`, `name.br` and `name.gz`.
    pub siblings: Offered,
    /// Media types for which such siblings are looked for.
    pub types: Types,
    /// What stands before the names of the folder: `/app` for files at `/app/…`, "" for files at `/…`.
    pub prefix: Cow<'static, str>,
    /// Whose scripts may read the files where that depends on who asks; None where every answer is the same.
    pub origins: Option<Arc<Origins>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cache_control: "no-cache".into(),
            siblings: Offered::ALL,
            types: Types::default(),
            prefix: "".into(),
            origins: None,
        }
    }
}

/// A public folder, held open: renaming or replacing it does not change which one is served.
#[derive(Debug)]
pub struct Root {
    folder: Folder,
    options: Options,
}

/// A public file.
#[derive(Debug)]
pub struct Found {
    /// The original, or its sibling once that was chosen.
    pub opened: Opened,
    /// What its fields say.
    pub description: Description,
    name: Vec<u8>,
}

impl Root {
    /// Open a folder.
    ///
    /// Errors: it does not exist or is no folder.
    pub fn open(folder: &Path, options: Options) -> io::Result<Self> {
        Ok(Root { folder: Folder::open(folder)?, options })
    }

    /// Find the file that a raw request path (as on the wire, without its query) names.
    ///
    /// Returns: None when there is no public file of that name, whatever the reason.
    /// Errors: this process or machine has no descriptor or memory left; that is no 404.
    pub fn find(&self, raw_path: &[u8]) -> io::Result<Option<Found>> {
        let below = raw_path.strip_prefix(self.options.prefix.as_bytes());
        let Some(name) = below.and_then(parse_name) else { return Ok(None) };
        let Some(opened) = self.open_file(&name)? else { return Ok(None) };
        let content_type = type_of(&name);
        let description = Description {
            varies: self.options.siblings != Offered::NONE && self.options.types.matches(content_type.as_bytes()),
            cache_control: match fingerprint_of(&name) {
                Some(_) => IMMUTABLE.into(),
                None => self.options.cache_control.clone(),
            },
            fingerprint: fingerprint_of(&name).map(str::to_owned),
            coding: None,
            content_type,
        };
        Ok(Some(Found { opened, description, name }))
    }

    /// Answer a request for a raw path, from the precompressed sibling that suits the client best if there is one.
    ///
    /// Returns: None when the method is neither GET nor HEAD, or there is no such file; 503 where [`Root::find`] errs.
    pub fn answer(&self, raw_path: &[u8], request: &Request<'_>) -> Option<Answer> {
        if !request.is_read() {
            return None;
        }
        let accepted = || Accepted::parse(request.field("accept-encoding"));
        let outcome = self.find(raw_path).transpose()?.and_then(|found| self.prefer_sibling(found, accepted()));
        let mut answer = match outcome {
            Ok(found) => answer_file(found.opened, found.description, request),
            Err(_) => Answer::without_content(503),
        };
        if let Some(origins) = &self.options.origins {
            origins.mark(&mut answer, request.field("origin"));
        }
        Some(answer)
    }

    /// Put the best sibling in the place of the original: accepted by the client, there, and not older.
    fn prefer_sibling(&self, mut found: Found, accepted: Accepted) -> io::Result<Found> {
        let mut offered = if found.description.varies { self.options.siblings } else { Offered::NONE };
        while let Some(coding) = accepted.choose(offered) {
            if let Some(sibling) = self.open_sibling(&found, coding)? {
                found.opened = sibling;
                found.description.coding = Some(coding);
                break;
            }
            offered = offered.without(coding);
        }
        Ok(found)
    }

    fn open_sibling(&self, found: &Found, coding: Coding) -> io::Result<Option<Opened>> {
        let name = [&found.name, &b"."[..], coding.suffix().as_bytes()].concat();
        Ok(self.open_file(&name)?.filter(|sibling| !is_older(sibling.modified, found.opened.modified)))
    }

    fn open_file(&self, name: &[u8]) -> io::Result<Option<Opened>> {
        match self.folder.open_file(name) {
            Ok(file) => Opened::new(file),
            Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::IO)) => Err(errno.into()),
            Err(_) => Ok(None),
        }
    }
}

/// Compressors copy the time of the original to what they write, some of them in whole seconds.
fn is_older((seconds, nanoseconds): (i64, i64), original: (i64, i64)) -> bool {
    match nanoseconds {
        0 => seconds < original.0,
        _ => (seconds, nanoseconds) < original,
    }
}
