//! Whole answers: status, fields and content of a public file.

mod folder;

use std::error::Error;
use std::time::{Duration, SystemTime};

use folder::{ask, content, field, get, Folder, CHANGED};
use spica_coding::{Coding, Offered};
use spica_files::{answer_file, Answer, Body, Description, Opened, Options, Request, Root, Segment, IMMUTABLE};

type Outcome = Result<(), Box<dyn Error>>;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const DIGITS: &str = "0123456789";
const BROWSER: (&str, &str) = ("accept-encoding", "gzip, deflate, br, zstd");

/// `big.txt` of 1000 octets, `page.html` with siblings, some names.
fn site() -> Result<(Folder, Root), Box<dyn Error>> {
    let folder = Folder::new()?;
    folder.write("big.txt", DIGITS.repeat(100), CHANGED)?;
    folder.write("empty.txt", "", CHANGED)?;
    folder.write("app-3f9a1c2b.js", "let a", CHANGED)?;
    folder.write("photo.png", "png", CHANGED)?;
    folder.write("photo.png.gz", "never", CHANGED)?;
    folder.write("page.html", "<p>page", CHANGED)?;
    folder.write("page.html.br", "as brotli", CHANGED)?;
    folder.write("page.html.gz", "as gzip", CHANGED + 5)?;
    let root = Root::open(&folder.0, Options { cache_control: "public, max-age=60".into(), ..Options::default() })?;
    Ok((folder, root))
}

fn found(answer: Option<Answer>) -> Result<Answer, Box<dyn Error>> {
    answer.ok_or_else(|| "not found".into())
}

fn text(answer: &Answer) -> Result<String, Box<dyn Error>> {
    Ok(String::from_utf8(content(answer)?)?)
}

#[test]
fn a_file() -> Outcome {
    let (_folder, root) = site()?;
    let answer = found(get(&root, "/big.txt", &[]))?;
    assert_eq!((answer.status, answer.len, text(&answer)?), (200, 1000, DIGITS.repeat(100)));
    let mut names: Vec<&str> = answer.fields.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-ranges", "cache-control", "content-type", "etag", "last-modified", "vary"]);
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("last-modified", DATE),
        ("cache-control", "public, max-age=60"),
        ("accept-ranges", "bytes"),
        ("vary", "accept-encoding"),
        ("etag", "\"2ebcaae1.0-3e8\""),
    ] {
        let value = value.replace("2ebcaae1", &format!("{CHANGED:x}"));
        assert_eq!(field(&answer, name), Some(value.as_str()));
    }
    Ok(())
}

#[test]
fn section_9_3_2_head_is_get_without_content() -> Outcome {
    let (_folder, root) = site()?;
    for path in ["/big.txt", "/page.html", "/empty.txt"] {
        let (get, head) = (found(get(&root, path, &[BROWSER]))?, found(ask(&root, "HEAD", path, &[BROWSER]))?);
        assert_eq!((get.status, get.len, &get.fields), (head.status, head.len, &head.fields));
        assert!(matches!(head.body, Body::Empty));
    }
    Ok(())
}

#[test]
fn other_methods_have_no_files() -> Outcome {
    let (_folder, root) = site()?;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", ""] {
        assert!(ask(&root, method, "/big.txt", &[]).is_none(), "{method}");
    }
    Ok(())
}

#[test]
fn an_empty_file() -> Outcome {
    let (_folder, root) = site()?;
    let answer = found(get(&root, "/empty.txt", &[]))?;
    assert!((answer.status, answer.len) == (200, 0) && matches!(answer.body, Body::Empty));
    let answer = found(get(&root, "/empty.txt", &[("range", "bytes=0-")]))?;
    assert_eq!((answer.status, field(&answer, "content-range")), (416, Some("bytes */0")));
    Ok(())
}

#[test]
fn fingerprinted_names_never_change() -> Outcome {
    let (_folder, root) = site()?;
    let answer = found(get(&root, "/app-3f9a1c2b.js", &[]))?;
    assert_eq!(field(&answer, "cache-control"), Some(IMMUTABLE));
    Ok(())
}

#[test]
fn section_15_4_5_not_modified() -> Outcome {
    let (_folder, root) = site()?;
    let etag = found(get(&root, "/big.txt", &[]))?
        .fields
        .iter()
        .find(|(name, _)| *name == "etag")
        .map(|(_, etag)| etag.to_string());
    let etag = etag.ok_or("no etag")?;
    for condition in [("if-none-match", etag.as_str()), ("if-none-match", "*"), ("if-modified-since", DATE)] {
        let answer = found(get(&root, "/big.txt", &[condition, ("range", "bytes=0-1")]))?;
        assert_eq!((answer.status, answer.len), (304, 0), "{condition:?}");
        assert!(matches!(answer.body, Body::Empty));
        let names: Vec<&str> = answer.fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["etag", "cache-control", "vary"]);
    }
    assert_eq!(found(get(&root, "/big.txt", &[("if-match", "\"other\"")]))?.status, 412);
    assert_eq!(found(get(&root, "/big.txt", &[("if-none-match", "\"other\"")]))?.status, 200);
    Ok(())
}

#[test]
fn section_15_3_7_1_one_part() -> Outcome {
    let (_folder, root) = site()?;
    for (range, expected, content_range) in [
        ("bytes=0-4", "01234", "bytes 0-4/1000"),
        ("bytes=995-", "56789", "bytes 995-999/1000"),
        ("bytes=-3", "789", "bytes 997-999/1000"),
        ("bytes=0-3,2-5", "012345", "bytes 0-5/1000"),
    ] {
        let answer = found(get(&root, "/big.txt", &[("range", range)]))?;
        assert_eq!((answer.status, text(&answer)?.as_str()), (206, expected), "{range}");
        assert_eq!(field(&answer, "content-range"), Some(content_range));
        assert_eq!(field(&answer, "content-type"), Some("text/plain; charset=utf-8"));
        assert!(field(&answer, "etag").is_some() && field(&answer, "cache-control").is_some());
    }
    Ok(())
}

#[test]
fn section_15_3_7_2_several_parts() -> Outcome {
    let (_folder, root) = site()?;
    let answer = found(get(&root, "/big.txt", &[("range", "bytes=500-504,0-0,-2")]))?;
    let content_type = field(&answer, "content-type").ok_or("no type")?;
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").ok_or("no boundary")?;
    let part = |range: &str, content: &str| {
        format!("--{boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes {range}/1000\r\n\r\n{content}\r\n")
    };
    let expected =
        [part("0-0", "0"), part("500-504", "01234"), part("998-999", "89"), format!("--{boundary}--\r\n")].concat();
    assert_eq!((answer.status, text(&answer)?), (206, expected));
    assert_eq!(field(&answer, "content-range"), None);
    let again = found(get(&root, "/big.txt", &[("range", "bytes=500-504,0-0,-2")]))?;
    assert_ne!(field(&again, "content-type"), Some(content_type), "a boundary can't be foreseen");
    Ok(())
}

#[test]
fn section_15_5_17_not_satisfiable() -> Outcome {
    let (_folder, root) = site()?;
    let answer = found(get(&root, "/big.txt", &[("range", "bytes=1000-")]))?;
    assert_eq!((answer.status, answer.len, field(&answer, "content-range")), (416, 0, Some("bytes */1000")));
    Ok(())
}

#[test]
fn section_14_2_ranges_that_do_not_count() -> Outcome {
    let (_folder, root) = site()?;
    for (method, fields) in [
        ("HEAD", &[("range", "bytes=0-4")][..]),
        ("GET", &[("range", "lines=0-4")]),
        ("GET", &[("range", "bytes=4-0")]),
        ("GET", &[("range", "bytes=0-4"), ("if-range", "\"other\"")]),
        ("GET", &[("range", "bytes=0-4"), ("if-range", "Sun, 06 Nov 1994 08:49:36 GMT")]),
        ("GET", &[("range", "bytes=2000-"), ("if-range", "\"other\"")]),
    ] {
        let answer = found(ask(&root, method, "/big.txt", fields))?;
        assert_eq!((answer.status, answer.len), (200, 1000), "{method} {fields:?}");
    }
    let answer = found(get(&root, "/big.txt", &[("range", "bytes=0-4"), ("if-range", DATE)]))?;
    assert_eq!(answer.status, 206);
    Ok(())
}

#[test]
fn section_12_5_3_siblings() -> Outcome {
    let (folder, root) = site()?;
    for (accept, expected, coding) in [
        ("", "<p>page", None),
        ("zstd", "<p>page", None),
        ("gzip, deflate, br, zstd", "as brotli", Some("br")),
        ("gzip", "as gzip", Some("gzip")),
        ("gzip, br;q=0.9", "as gzip", Some("gzip")),
        ("br;q=0, gzip;q=0", "<p>page", None),
        ("identity, br;q=0.5", "<p>page", None),
    ] {
        let answer = found(get(&root, "/page.html", &[("accept-encoding", accept)]))?;
        assert_eq!((text(&answer)?.as_str(), field(&answer, "content-encoding")), (expected, coding), "{accept}");
        assert_eq!(field(&answer, "content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(field(&answer, "vary"), Some("accept-encoding"));
    }
    folder.write("page.html", "<p>changed", CHANGED + 1)?;
    let answer = found(get(&root, "/page.html", &[BROWSER]))?;
    assert_eq!(text(&answer)?, "as gzip", "the brotli file is older than the page");
    Ok(())
}

#[test]
fn a_sibling_may_have_lost_the_fraction_of_its_second() -> Outcome {
    let (folder, root) = site()?;
    std::fs::remove_file(folder.path("page.html.gz"))?;
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(CHANGED);
    let set = |name: &str, nanoseconds: u64| {
        let file = std::fs::File::options().write(true).open(folder.path(name))?;
        file.set_modified(changed + Duration::from_nanos(nanoseconds))
    };
    for (original, sibling, expected) in
        [(500, 0, "as brotli"), (500, 500, "as brotli"), (500, 499, "<p>page"), (0, 0, "as brotli")]
    {
        set("page.html", original * 1_000_000)?;
        set("page.html.br", sibling * 1_000_000)?;
        assert_eq!(text(&found(get(&root, "/page.html", &[BROWSER]))?)?, expected, "{original} {sibling}");
    }
    Ok(())
}

#[test]
fn section_8_8_3_3_each_coding_has_its_etag() -> Outcome {
    let (folder, root) = site()?;
    folder.write("page.html.gz", "<p>page", CHANGED)?;
    folder.write("page.html.br", "<p>page", CHANGED)?;
    let etag = |accept: &str| -> Result<String, Box<dyn Error>> {
        let answer = found(get(&root, "/page.html", &[("accept-encoding", accept)]))?;
        Ok(field(&answer, "etag").ok_or("no etag")?.to_owned())
    };
    let (plain, gzip, brotli) = (etag("")?, etag("gzip")?, etag("br")?);
    assert!(plain != gzip && gzip != brotli && brotli != plain, "{plain} {gzip} {brotli}");
    let answer = found(get(&root, "/page.html", &[("accept-encoding", "gzip"), ("if-none-match", &gzip)]))?;
    assert_eq!(answer.status, 304);
    let answer = found(get(&root, "/page.html", &[("accept-encoding", "gzip"), ("if-none-match", &plain)]))?;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[test]
fn section_14_2_ranges_of_an_encoded_file() -> Outcome {
    let (folder, root) = site()?;
    folder.write("page.html.br", DIGITS.repeat(100), CHANGED)?;
    let answer = found(get(&root, "/page.html", &[BROWSER, ("range", "bytes=1-3")]))?;
    assert_eq!((answer.status, text(&answer)?.as_str()), (206, "123"));
    assert_eq!(
        (field(&answer, "content-encoding"), field(&answer, "content-range")),
        (Some("br"), Some("bytes 1-3/1000"))
    );
    let answer = found(get(&root, "/page.html", &[BROWSER, ("range", "bytes=1-3,500-501")]))?;
    assert_eq!((answer.status, answer.len), (200, 1000));
    Ok(())
}

#[test]
fn types_without_siblings() -> Outcome {
    let (folder, root) = site()?;
    let answer = found(get(&root, "/photo.png", &[BROWSER]))?;
    assert_eq!((text(&answer)?.as_str(), field(&answer, "vary")), ("png", None));
    let plain = Root::open(&folder.0, Options { siblings: Offered::NONE, ..Options::default() })?;
    let answer = found(get(&plain, "/page.html", &[BROWSER]))?;
    assert_eq!((text(&answer)?.as_str(), field(&answer, "vary")), ("<p>page", None));
    assert_eq!(field(&answer, "cache-control"), Some("no-cache"));
    Ok(())
}

#[test]
fn section_8_8_2_1_a_file_from_the_future_has_no_date() -> Outcome {
    let (folder, root) = site()?;
    folder.write("big.txt", "soon", 4_000_000_000)?;
    let answer = found(get(&root, "/big.txt", &[]))?;
    assert!(field(&answer, "last-modified").is_none() && field(&answer, "etag").is_some());
    Ok(())
}

#[test]
fn a_file_that_a_handler_chose() -> Outcome {
    let (folder, _root) = site()?;
    let description =
        Description { content_type: "text/csv".into(), coding: Some(Coding::Gzip), ..Description::default() };
    let opened = Opened::open(&folder.path("big.txt"))?.ok_or("no regular file")?;
    let field_of = |name: &str| (name == "range").then_some(&b"bytes=10-19"[..]);
    let answer = answer_file(opened, description, &Request { method: b"GET", field: &field_of, now: 1_800_000_000 });
    assert_eq!((answer.status, text(&answer)?.as_str()), (206, DIGITS));
    assert_eq!((field(&answer, "cache-control"), field(&answer, "vary")), (None, None));
    let Body::Segments { segments, .. } = answer.body else { return Err("no content".into()) };
    assert_eq!(segments, [Segment::File { offset: 10, len: 10 }]);
    assert!(Opened::open(&folder.path("missing")).is_err());
    assert!(Opened::open(&folder.0)?.is_none());
    Ok(())
}

#[test]
fn a_fingerprint_is_the_etag_whatever_the_time_of_the_file() -> Outcome {
    let (folder, root) = site()?;
    folder.write("app-3f9a1c2b.js.br", "brotli", CHANGED)?;
    let etag = |fields: &[(&'static str, &'static str)]| {
        let answer = found(get(&root, "/app-3f9a1c2b.js", fields))?;
        Ok::<_, Box<dyn Error>>(field(&answer, "etag").map(str::to_owned))
    };
    assert_eq!(etag(&[])?.as_deref(), Some("\"3f9a1c2b\""));
    folder.write("app-3f9a1c2b.js", "let a", CHANGED - 9)?;
    assert_eq!(etag(&[])?.as_deref(), Some("\"3f9a1c2b\""));
    assert_eq!(etag(&[BROWSER])?.as_deref(), Some("\"3f9a1c2b-br\""), "each coding has its own");
    let kept = [("if-none-match", "\"3f9a1c2b\"")];
    assert_eq!(found(get(&root, "/app-3f9a1c2b.js", &kept))?.status, 304);
    Ok(())
}

#[test]
fn a_folder_below_a_prefix() -> Outcome {
    let (folder, _) = site()?;
    let root = Root::open(&folder.0, Options { prefix: "/app".into(), ..Options::default() })?;
    assert_eq!(found(get(&root, "/app/big.txt", &[]))?.status, 200);
    for path in
        ["/big.txt", "/app", "/application/big.txt", "/appbig.txt", "/app//big.txt", "/app/../big.txt", "/App/big.txt"]
    {
        assert!(get(&root, path, &[]).is_none(), "{path}");
    }
    Ok(())
}
