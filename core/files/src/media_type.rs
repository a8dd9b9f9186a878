//! Media types: what a file's suffix means.
//!
//! A table of our own first, the same as `src/spica/http/media_types.py` (a test compares them), then mime_guess for the rare ones. Never the
//! machine's /etc/mime.types: a response must not change with the host it runs on.

use std::borrow::Cow;

/// Of a suffix that is unknown or absent: browsers download it and never run it.
pub const BYTES: &str = "application/octet-stream";

/// Sorted by suffix.
static SUFFIXES: [(&str, &str); 54] = [
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("atom", "application/atom+xml"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("m4a", "audio/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ogg", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rss", "application/rss+xml"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml; charset=utf-8"),
    ("zip", "application/zip"),
];

/// The media type of a file name, by what follows its last dot, in any case; text types with `charset=utf-8`.
pub fn type_of(name: &[u8]) -> Cow<'static, str> {
    let name = crate::name::last_segment(name);
    let suffix = name.iter().rposition(|&octet| octet == b'.').and_then(|dot| name.get(dot + 1..));
    let Some(suffix) = suffix.and_then(|suffix| std::str::from_utf8(suffix).ok()) else { return Cow::Borrowed(BYTES) };
    let suffix = suffix.to_ascii_lowercase();
    if let Ok(at) = SUFFIXES.binary_search_by(|(known, _)| (*known).cmp(suffix.as_str())) {
        return Cow::Borrowed(SUFFIXES.get(at).map_or(BYTES, |(_, media_type)| media_type));
    }
    match mime_guess::from_ext(&suffix).first_raw() {
        Some(text) if text.starts_with("text/") => Cow::Owned(format!("{text}; charset=utf-8")),
        Some(media_type) => Cow::Borrowed(media_type),
        None => Cow::Borrowed(BYTES),
    }
}
