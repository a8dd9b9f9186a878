//! A line's text, in both forms.
//!
//! Method and target are the client's octets. In either form every octet that could end a line, a column or a string, move
//! a terminal's cursor or break UTF-8 is escaped, so lines are ASCII: `\xHH` in text (as nginx does), `\u00HH` in JSON,
//! where an octet from 0x80 reads as latin-1. Neither loses what was sent, but for one thing: the value of a query's
//! parameter whose name is that of a secret (`password=`, `user[api_key]=`) is `[filtered]`.

use std::io::Write;
use std::net::IpAddr;

use super::{Entry, LogFormat};
use crate::clock::timestamp;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Octets written as they are.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut octet = 0x21;
    while octet < 0x7f {
        plain[octet] = !matches!(octet as u8, b'"' | b'\\');
        octet += 1;
    }
    plain
};

/// Lines rendered and not yet handed over.
pub struct Lines {
    /// The text, each line with its end.
    pub text: Vec<u8>,
    /// How many lines it has.
    pub count: u64,
    format: LogFormat,
    second: i64,
    timestamp: String,
}

impl Lines {
    /// No lines yet.
    pub fn new(format: LogFormat) -> Self {
        Lines { text: Vec::new(), count: 0, format, second: i64::MIN, timestamp: String::new() }
    }

    /// How the lines look.
    pub fn format(&self) -> LogFormat {
        self.format
    }

    /// Forgets the lines, keeps the space.
    pub fn clear(&mut self) {
        self.text.clear();
        self.count = 0;
    }

    /// Adds a request's line.
    pub fn push(&mut self, unix_second: i64, entry: &Entry<'_>) {
        let nanoseconds = u64::try_from(entry.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.push_taken(unix_second, entry, nanoseconds);
    }

    /// Adds a line that says how many are missing.
    pub fn push_lost(&mut self, unix_second: i64, lost: u64) {
        self.begin(unix_second);
        let text = &mut self.text;
        match self.format {
            LogFormat::Text => {
                text.extend_from_slice(b" access log: ");
                push_number(text, lost);
                text.extend_from_slice(b" lines lost, they could not be written");
            }
            LogFormat::Json => {
                text.extend_from_slice(br#","event":"access_log_lost","lines":"#);
                push_number(text, lost);
                text.push(b'}');
            }
        }
        self.end();
    }

    fn push_taken(&mut self, unix_second: i64, entry: &Entry<'_>, nanoseconds: u64) {
        self.begin(unix_second);
        let text = &mut self.text;
        match self.format {
            LogFormat::Text => {
                text.push(b' ');
                push_escaped(text, entry.method, b"\\x");
                text.push(b' ');
                push_target(text, entry.target, b"\\x");
                text.push(b' ');
                push_number(text, entry.status.into());
                text.push(b' ');
                push_number(text, entry.bytes);
                text.extend_from_slice(b" B ");
                let hundredths = nanoseconds.saturating_add(5_000) / 10_000;
                push_number(text, hundredths / 100);
                text.push(b'.');
                push_digits(text, hundredths % 100, 2);
                text.extend_from_slice(b" ms");
            }
            LogFormat::Json => {
                text.extend_from_slice(br#","event":"request","method":""#);
                push_escaped(text, entry.method, b"\\u00");
                text.extend_from_slice(br#"","target":""#);
                push_target(text, entry.target, b"\\u00");
                text.extend_from_slice(br#"","status":"#);
                push_number(text, entry.status.into());
                text.extend_from_slice(br#","bytes":"#);
                push_number(text, entry.bytes);
                text.extend_from_slice(br#","ms":"#);
                let thousandths = nanoseconds.saturating_add(500) / 1_000;
                push_number(text, thousandths / 1000);
                text.push(b'.');
                push_digits(text, thousandths % 1000, 3);
                text.extend_from_slice(br#","peer":""#);
                if let Some(peer) = entry.peer {
                    push_address(text, peer.ip());
                }
                text.extend_from_slice(br#""}"#);
            }
        }
        self.end();
    }

    fn begin(&mut self, unix_second: i64) {
        if unix_second != self.second {
            self.second = unix_second;
            self.timestamp = timestamp(unix_second);
        }
        match self.format {
            LogFormat::Text => {
                let time_of_day = self.timestamp.get(11..19).unwrap_or_default();
                self.text.extend_from_slice(time_of_day.as_bytes());
            }
            LogFormat::Json => {
                self.text.extend_from_slice(br#"{"time":""#);
                self.text.extend_from_slice(self.timestamp.as_bytes());
                self.text.push(b'"');
            }
        }
    }

    fn end(&mut self) {
        self.text.push(b'\n');
        self.count += 1;
    }
}

/// What a secret's name has in it, in lower case with `_`; `SECRET_WORDS` of `spica.telemetry.logs`.
const SECRET_WORDS: [&[u8]; 9] =
    [b"password", b"passwd", b"secret", b"token", b"authorization", b"cookie", b"api_key", b"apikey", b"credential"];
const FILTERED: &[u8] = b"[filtered]";

fn push_target(text: &mut Vec<u8>, target: &[u8], prefix: &[u8]) {
    let Some(at) = target.iter().position(|&octet| octet == b'?') else {
        return push_escaped(text, target, prefix);
    };
    let (path, query) = target.split_at(at + 1);
    push_escaped(text, path, prefix);
    for (index, parameter) in query.split(|&octet| octet == b'&').enumerate() {
        if index > 0 {
            text.push(b'&');
        }
        match parameter.iter().position(|&octet| octet == b'=') {
            Some(end) if is_secret(&parameter[..end]) => {
                push_escaped(text, &parameter[..=end], prefix);
                text.extend_from_slice(FILTERED);
            }
            _ => push_escaped(text, parameter, prefix),
        }
    }
}

/// Whether a parameter's name, as sent, reads like that of a secret.
fn is_secret(name: &[u8]) -> bool {
    let decoded = percent_decoded(name);
    SECRET_WORDS.iter().any(|word| decoded.windows(word.len()).any(|part| part == *word))
}

fn percent_decoded(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&octet, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        let octet = match (octet, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                rest = &after[2..];
                (high * 16 + low) as u8
            }
            _ => {
                rest = after;
                octet
            }
        };
        decoded.push(if octet == b'-' { b'_' } else { octet.to_ascii_lowercase() });
    }
    decoded
}

fn push_escaped(text: &mut Vec<u8>, mut octets: &[u8], prefix: &[u8]) {
    while let Some(at) = octets.iter().position(|&octet| !PLAIN[usize::from(octet)]) {
        let (plain, rest) = octets.split_at(at);
        text.extend_from_slice(plain);
        let Some((&octet, rest)) = rest.split_first() else { return };
        text.extend_from_slice(prefix);
        text.push(HEX[usize::from(octet >> 4)]);
        text.push(HEX[usize::from(octet & 15)]);
        octets = rest;
    }
    text.extend_from_slice(octets);
}

fn push_number(text: &mut Vec<u8>, number: u64) {
    let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    push_digits(text, number, digits);
}

/// The last `width` digits of `number`, at most 20.
fn push_digits(text: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    for digit in digits.iter_mut().rev().take(width) {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text.extend_from_slice(&digits[digits.len().saturating_sub(width)..]);
}

fn push_address(text: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, &octet) in address.octets().iter().enumerate() {
                if index > 0 {
                    text.push(b'.');
                }
                push_number(text, octet.into());
            }
        }
        // Writing to a Vec does not fail.
        IpAddr::V6(address) => drop(write!(text, "{address}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::time::Instant;

    use super::*;

    const SECOND: i64 = 1_795_253_400; // 2026-11-21T09:30:00Z

    fn rendered(format: LogFormat, method: &[u8], target: &[u8], peer: Option<&str>) -> String {
        let peer = peer.map(|peer| peer.parse().unwrap());
        let entry = Entry { method, target, status: 200, bytes: 1234, since: Instant::now(), peer };
        let mut lines = Lines::new(format);
        lines.push_taken(SECOND, &entry, 412_345);
        assert_eq!(lines.count, 1);
        String::from_utf8(lines.text).unwrap()
    }

    #[test]
    fn a_line_of_text() {
        let line = rendered(LogFormat::Text, b"GET", b"/posts?page=2", None);
        assert_eq!(line, "09:30:00 GET /posts?page=2 200 1234 B 0.41 ms\n");
    }

    #[test]
    fn the_values_of_secrets_are_not_written() {
        for (sent, written) in [
            ("/a?password=hunter2&page=2", "/a?password=[filtered]&page=2"),
            ("/a?page=2&user%5BPassWord%5D=hunter2", "/a?page=2&user%5BPassWord%5D=[filtered]"),
            ("/a?pass%77ord=hunter2", "/a?pass%77ord=[filtered]"),
            ("/a?reset_token=hunter2=x?token", "/a?reset_token=[filtered]"),
            ("/a?x=1?api-key=y", "/a?x=1?api-key=y"),
            ("/a?api-key=hunter2&&=&b", "/a?api-key=[filtered]&&=&b"),
            ("/token=hunter2", "/token=hunter2"),
            ("/a?%zz%=1&secret", "/a?%zz%=1&secret"),
        ] {
            for format in [LogFormat::Text, LogFormat::Json] {
                let line = rendered(format, b"GET", sent.as_bytes(), None);
                assert!(line.contains(&format!("{written} ")) || line.contains(&format!("{written}\"")), "{line}");
            }
        }
    }

    #[test]
    fn a_line_of_json() {
        let line = rendered(LogFormat::Json, b"GET", b"/posts", Some("203.0.113.9:80"));
        assert_eq!(
            line,
            "{\"time\":\"2026-11-21T09:30:00Z\",\"event\":\"request\",\"method\":\"GET\",\"target\":\"/posts\",\
             \"status\":200,\"bytes\":1234,\"ms\":0.412,\"peer\":\"203.0.113.9\"}\n"
        );
        let line = rendered(LogFormat::Json, b"GET", b"/", Some("[2001:db8::1]:80"));
        assert!(line.ends_with(",\"peer\":\"2001:db8::1\"}\n"), "{line}");
        let line = rendered(LogFormat::Json, b"GET", b"/", None);
        assert!(line.ends_with(",\"peer\":\"\"}\n"), "a Unix socket's peer has no address: {line}");
    }

    #[test]
    fn a_new_second_is_seen() {
        let entry = Entry { method: b"GET", target: b"/", status: 204, bytes: 0, since: Instant::now(), peer: None };
        let mut lines = Lines::new(LogFormat::Text);
        for second in [SECOND, SECOND, SECOND + 61] {
            lines.push_taken(second, &entry, 0);
        }
        let text = String::from_utf8(lines.text).unwrap();
        assert_eq!(text.lines().map(|line| &line[..8]).collect::<Vec<_>>(), ["09:30:00", "09:30:00", "09:31:01"]);
    }

    #[test]
    fn times_are_rounded_and_never_overflow() {
        for (nanoseconds, text, json) in [
            (0, " 0.00 ms", "0.000,"),
            (4_999, " 0.00 ms", "0.005,"),
            (5_000, " 0.01 ms", "0.005,"),
            (999_999_999, " 1000.00 ms", "1000.000,"),
            (u64::MAX, " 18446744073709.55 ms", "18446744073709.551,"),
        ] {
            let entry = Entry { method: b"", target: b"", status: 1, bytes: 0, since: Instant::now(), peer: None };
            for (format, expected) in [(LogFormat::Text, text), (LogFormat::Json, json)] {
                let mut lines = Lines::new(format);
                lines.push_taken(SECOND, &entry, nanoseconds);
                let line = String::from_utf8(lines.text).unwrap();
                assert!(line.contains(expected), "{nanoseconds} ns: {line}");
            }
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 9, 10, 99, 100, 65_535, u64::MAX] {
            let mut text = Vec::new();
            push_number(&mut text, number);
            assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }
    }

    #[test]
    fn no_octet_forges_a_line_a_column_or_a_string() {
        for octet in 0..=u8::MAX {
            let line = rendered(LogFormat::Text, b"GET", &[b'/', octet, b'x'], None);
            assert!(line.trim_end().bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{octet:#x}: {line:?}");
            assert_eq!(line.split(' ').count(), 8, "{octet:#x}: {line:?}");
            assert_eq!(line.matches('\n').count(), 1);

            let line = rendered(LogFormat::Json, &[octet], b"/", None);
            assert!(line.trim_end().bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{octet:#x}: {line:?}");
            let method = match octet {
                0x21..=0x7e if octet != b'"' && octet != b'\\' => char::from(octet).to_string(),
                _ => format!("\\u00{octet:02x}"),
            };
            assert!(line.contains(&format!("\"method\":\"{method}\",\"target\"")), "{octet:#x}: {line:?}");
        }
        assert!(rendered(LogFormat::Text, b"GET", "/é".as_bytes(), None).contains(" /\\xc3\\xa9 "));
        assert!(rendered(LogFormat::Text, b"GET", b"/ \x1b[2J\\", None).contains(" /\\x20\\x1b[2J\\x5c "));
    }

    #[test]
    fn lost_lines_are_told_in_the_form_of_the_log() {
        for (format, expected) in [
            (LogFormat::Text, "09:30:00 access log: 7 lines lost, they could not be written\n"),
            (LogFormat::Json, "{\"time\":\"2026-11-21T09:30:00Z\",\"event\":\"access_log_lost\",\"lines\":7}\n"),
        ] {
            let mut lines = Lines::new(format);
            lines.push_lost(SECOND, 7);
            assert_eq!(String::from_utf8(lines.text).unwrap(), expected);
        }
    }
}
