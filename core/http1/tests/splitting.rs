//! Promises 2 and 3: whatever arrives has one meaning, and cutting it differently changes nothing.

mod events;

use events::{events_of, Event, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use spica_http1::Limits;

/// A request as it is meant, from which both the octets and the expected event follow.
#[derive(Clone, Debug)]
struct Meant {
    method: &'static str,
    path: String,
    query: Option<String>,
    fields: Vec<(String, String)>,
    content: MeantContent,
}

#[derive(Clone, Debug)]
enum MeantContent {
    None,
    Length(Vec<u8>),
    Chunked { chunks: Vec<(Vec<u8>, &'static str)>, trailers: Vec<(String, String)> },
}

fn fields(prefix: &'static str) -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("[A-Za-z0-9_-]{1,8}", "([!-~]([ -~]{0,20}[!-~])?)?"), 0..4)
        .prop_map(move |fields| fields.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect())
}

fn content() -> impl Strategy<Value = MeantContent> {
    let extension = select(vec!["", ";a", "; name=value", ";q=\"a \\\" b\"", " ;x"]);
    let chunk = (vec(any::<u8>(), 1..40), extension);
    prop_oneof![
        Just(MeantContent::None),
        vec(any::<u8>(), 0..60).prop_map(MeantContent::Length),
        (vec(chunk, 0..4), fields("T-")).prop_map(|(chunks, trailers)| MeantContent::Chunked { chunks, trailers }),
    ]
}

fn meant() -> impl Strategy<Value = Meant> {
    let method = select(vec!["GET", "POST", "DELETE", "M-SEARCH"]);
    let query = proptest::option::of("[a-z=&%+?/]{0,12}");
    (method, "(/[a-z0-9.~-]{0,6}(%2F|%41)?){1,4}", query, fields("X-"), content())
        .prop_map(|(method, path, query, fields, content)| Meant { method, path, query, fields, content })
}

impl Meant {
    fn octets(&self) -> Vec<u8> {
        let mut out = format!("{} {}", self.method, self.target()).into_bytes();
        out.extend_from_slice(b" HTTP/1.1\r\nHost: a.example\r\n");
        push_fields(&mut out, &self.fields);
        match &self.content {
            MeantContent::None => out.extend_from_slice(b"\r\n"),
            MeantContent::Length(content) => {
                out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", content.len()).as_bytes());
                out.extend_from_slice(content);
            }
            MeantContent::Chunked { chunks, trailers } => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for (data, extension) in chunks {
                    out.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
                    out.extend_from_slice(data);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n");
                push_fields(&mut out, trailers);
                out.extend_from_slice(b"\r\n");
            }
        }
        out
    }

    fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    fn event(&self) -> Event {
        let own = |fields: &[(String, String)]| -> Vec<(String, Vec<u8>)> {
            fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect()
        };
        let mut fields = vec![("Host".to_string(), b"a.example".to_vec())];
        fields.extend(own(&self.fields));
        let (content, trailers) = match &self.content {
            MeantContent::None => (Vec::new(), Vec::new()),
            MeantContent::Length(content) => {
                fields.push(("Content-Length".into(), content.len().to_string().into_bytes()));
                (content.clone(), Vec::new())
            }
            MeantContent::Chunked { chunks, trailers } => {
                fields.push(("Transfer-Encoding".into(), b"chunked".to_vec()));
                (chunks.iter().flat_map(|(data, _)| data.clone()).collect(), own(trailers))
            }
        };
        Event::Request(Request {
            method: self.method.into(),
            target: self.target(),
            path: self.path.clone(),
            query: self.query.clone(),
            minor: 1,
            fields,
            keep_alive: true,
            expects_continue: false,
            content,
            trailers,
        })
    }
}

fn push_fields(out: &mut Vec<u8>, fields: &[(String, String)]) {
    for (name, value) in fields {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
}

/// One change of one place.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize),
    Repeat(usize, usize),
}

impl Mutation {
    fn apply(&self, octets: &mut Vec<u8>) {
        let length = octets.len();
        match self {
            _ if length == 0 => {}
            Self::Replace(at, octet) => octets[at % length] = *octet,
            Self::Insert(at, new) => {
                let at = at % length;
                octets.splice(at..at, new.iter().copied());
            }
            Self::Remove(at) => {
                octets.remove(at % length);
            }
            Self::Repeat(at, count) => {
                let (at, end) = (at % length, (at % length + count).min(length));
                let part = octets[at..end].to_vec();
                octets.splice(end..end, part);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let octet = prop_oneof![select(b"\r\n\t \0:;,=/?#%*0aA\"\\\x7f\x80\xff".to_vec()), any::<u8>()];
    let text = select(vec![
        "\r\n",
        "\n",
        "\r",
        "\r\n ",
        "\r\n\r\n",
        "Host: b\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "0\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "http://a.example",
        " HTTP/1.1",
        "%00",
        ";a=\"",
    ]);
    let at = any::<usize>();
    prop_oneof![
        (at, octet).prop_map(|(at, octet)| Mutation::Replace(at, octet)),
        (at, text).prop_map(|(at, text)| Mutation::Insert(at, text.into())),
        at.prop_map(Mutation::Remove),
        (at, 1_usize..30).prop_map(|(at, count)| Mutation::Repeat(at, count)),
    ]
}

/// Small, so that generated requests meet them.
fn tight() -> Limits {
    Limits { request_line: 40, field_block: 120, fields: 6, content: 80, chunk_extensions: 24 }
}

/// Compare all at once, cut in two at every octet, and octet by octet; return the events.
fn same_however_cut(octets: &[u8], limits: &Limits) -> Result<Vec<Event>, TestCaseError> {
    let whole = events_of([octets], limits);
    prop_assert_eq!(&events_of(octets.chunks(1), limits), &whole, "octet by octet");
    for at in 1..octets.len() {
        let (left, right) = octets.split_at(at);
        prop_assert_eq!(&events_of([left, right], limits), &whole, "cut at {}", at);
    }
    Ok(whole)
}

/// What was understood, written in the plainest way, is understood the same.
fn rewritten(request: &Request) -> Vec<u8> {
    let mut out = format!("{} {} HTTP/1.{}\r\n", request.method, request.target, request.minor).into_bytes();
    let is_chunked = request.field("transfer-encoding").is_some();
    for (name, value) in &request.fields {
        out.extend_from_slice(format!("{name}: ").as_bytes());
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if is_chunked && !request.content.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", request.content.len()).as_bytes());
    }
    out.extend_from_slice(&request.content);
    if is_chunked {
        out.extend_from_slice(if request.content.is_empty() { b"0\r\n" } else { b"\r\n0\r\n" });
        for (name, value) in &request.trailers {
            out.extend_from_slice(format!("{name}: ").as_bytes());
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_requests_mean_what_was_meant(requests in vec(meant(), 1..4)) {
        let octets: Vec<u8> = requests.iter().flat_map(Meant::octets).collect();
        let expected: Vec<Event> = requests.iter().map(Meant::event).collect();
        prop_assert_eq!(same_however_cut(&octets, &Limits::default())?, expected);
    }

    #[test]
    fn mutated_requests_have_one_meaning(requests in vec(meant(), 1..3), mutations in vec(mutation(), 1..6), small in any::<bool>()) {
        let mut octets: Vec<u8> = requests.iter().flat_map(Meant::octets).collect();
        for mutation in &mutations {
            mutation.apply(&mut octets);
        }
        let limits = if small { tight() } else { Limits::default() };
        for event in same_however_cut(&octets, &limits)? {
            if let Event::Request(request) = event {
                let again = events_of([rewritten(&request).as_slice()], &Limits::default());
                prop_assert_eq!(again, vec![Event::Request(request)]);
            }
        }
    }

    #[test]
    fn any_octets_have_one_meaning(octets in vec(any::<u8>(), 0..80)) {
        same_however_cut(&octets, &tight())?;
    }

    #[test]
    fn any_chunked_content_has_one_meaning(content in "[0-9a-f;=\" \\\\a-z\r\n\t:]{0,60}") {
        same_however_cut(events::chunked(&content).as_bytes(), &tight())?;
    }
}
