//! Which other origins' scripts may read public files.

use std::borrow::Cow;

use crate::answer::Answer;

/// The origins that are let in, and what their browsers are told.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Whole origins, in lower case: `https://app.example.com`.
    pub exact: Vec<String>,
    /// What stands around any names: `https://` and `.example.com` for `https://*.example.com`; in lower case.
    pub below: Vec<(String, String)>,
    /// Fields beside Access-Control-Allow-Origin: lower-case names.
    pub fields: Vec<(&'static str, Cow<'static, str>)>,
}

impl Origins {
    /// Whether an origin, as its browser sent it, is let in. Origins are compared whole, without regard to case.
    pub fn allows(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.exact.contains(&origin) || self.below.iter().any(|(before, after)| is_between(&origin, before, after))
    }

    /// Says on an answer whether the page that asks may read it, and that this depends on who asks: to all, for caches.
    pub(crate) fn mark(&self, answer: &mut Answer, origin: Option<&[u8]>) {
        match answer.fields.iter_mut().find(|(name, _)| *name == "vary") {
            Some((_, value)) => value.to_mut().push_str(", origin"),
            None => answer.fields.push(("vary", "origin".into())),
        }
        let origin = origin.and_then(|origin| std::str::from_utf8(origin).ok());
        if let Some(origin) = origin.filter(|origin| self.allows(origin)) {
            answer.fields.push(("access-control-allow-origin", origin.to_owned().into()));
            answer.fields.extend(self.fields.iter().cloned());
        }
    }
}

/// Whether one name or several, with dots between them, stand in the place of the star.
fn is_between(origin: &str, before: &str, after: &str) -> bool {
    let names = origin.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    names.is_some_and(|names| names.split('.').all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins {
            exact: vec!["https://app.example.com".to_owned()],
            below: vec![("https://".to_owned(), ".example.org".to_owned())],
            fields: Vec::new(),
        }
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let origins = origins();
        for allowed in
            ["https://app.example.com", "https://APP.example.com", "https://a.example.org", "https://a.b-c.example.org"]
        {
            assert!(origins.allows(allowed), "{allowed}");
        }
        for refused in [
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://example.org",
            "https://.example.org",
            "https://a..example.org",
            "https://evil/.example.org",
            "https://evil:1@a.example.org",
            "https://a.example.org.evil",
            "null",
            "",
        ] {
            assert!(!origins.allows(refused), "{refused}");
        }
    }

    #[test]
    fn what_depends_on_the_origin_says_so_beside_what_else_it_depends_on() {
        for (known, expected) in [(None, "origin"), (Some("accept-encoding"), "accept-encoding, origin")] {
            let mut answer = Answer::without_content(304);
            answer.fields.extend(known.map(|value| ("vary", value.into())));
            origins().mark(&mut answer, Some(b"https://evil.example"));
            assert_eq!(answer.fields, [("vary", expected.into())]);
        }
    }
}
