//! Which media types are worth compressing.

use std::borrow::Cow;

/// Types that shrink: text, structured data, and the binary formats that carry no compression of their own.
///
/// Source: h5bp server-configs (nginx `gzip_types`) and the `compressible` flags of jshttp/mime-db; `text/*` and the structured suffixes
/// stand for the many. Absent on purpose: images, audio, video, archives, woff and woff2, which are compressed already.
pub(crate) const DEFAULT: [&str; 26] = [
    "text/*",
    "*+json",
    "*+xml",
    "*+text",
    "*+yaml",
    "application/json",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/xml",
    "application/xml-dtd",
    "application/wasm",
    "application/yaml",
    "application/toml",
    "application/graphql",
    "application/sql",
    "application/x-ndjson",
    "application/x-sh",
    "application/rtf",
    "application/postscript",
    "application/vnd.ms-fontobject",
    "font/ttf",
    "font/otf",
    "font/collection",
    "image/x-icon",
    "image/bmp",
];

/// Patterns of media types: `type/subtype`, `type/*` or `*+suffix`, in any case.
#[derive(Clone, Debug)]
pub struct Types(Vec<Cow<'static, str>>);

impl Default for Types {
    fn default() -> Self {
        Types(DEFAULT.iter().copied().map(Cow::Borrowed).collect())
    }
}

impl FromIterator<String> for Types {
    fn from_iter<I: IntoIterator<Item = String>>(patterns: I) -> Self {
        Types(patterns.into_iter().map(Cow::Owned).collect())
    }
}

impl Types {
    /// Whether a Content-Type value is matched; its parameters don't count.
    pub fn matches(&self, content_type: &[u8]) -> bool {
        let essence = content_type.split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii();
        self.0.iter().any(|pattern| is_match(pattern.as_bytes(), essence))
    }
}

fn is_match(pattern: &[u8], essence: &[u8]) -> bool {
    match pattern {
        [start @ .., b'/', b'*'] => {
            essence.get(start.len()) == Some(&b'/')
                && essence.get(..start.len()).is_some_and(|type_| type_.eq_ignore_ascii_case(start))
        }
        [b'*', suffix @ ..] => {
            let cut = essence.len().saturating_sub(suffix.len());
            !suffix.is_empty() && essence.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        _ => essence.eq_ignore_ascii_case(pattern),
    }
}
