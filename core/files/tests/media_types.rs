//! Types by suffix, the same on both sides of the language boundary, and fingerprinted names.

use std::error::Error;

use proptest::prelude::*;
use spica_files::{is_fingerprinted, type_of, BYTES};

#[test]
fn the_table_is_the_one_of_python() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/spica/http/media_types.py");
    let source = std::fs::read_to_string(path)?;
    let constant = |name: &str| {
        source
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
            .ok_or("no constant")
    };
    let mut count = 0;
    for line in source.lines().skip_while(|line| !line.starts_with("SUFFIXES")).skip(1).take_while(|line| *line != "}")
    {
        let (suffix, value) = line.trim().trim_end_matches(',').split_once(": ").ok_or("no row")?;
        let suffix = suffix.trim_matches('"');
        let expected = match value.strip_prefix('"') {
            Some(text) => text.trim_end_matches('"'),
            None => constant(value)?,
        };
        assert_eq!(type_of(format!("a.{suffix}").as_bytes()), expected, "{suffix}");
        assert_eq!(type_of(format!("a.b.{}", suffix.to_uppercase()).as_bytes()), expected, "{suffix}");
        count += 1;
    }
    assert!(count > 40, "{count} rows were compared");
    Ok(())
}

#[test]
fn rare_and_unknown_suffixes() {
    for (name, expected) in [
        ("a.dart", "application/vnd.dart"),
        ("a.vtt", "text/vtt; charset=utf-8"),
        ("a.unheard-of", BYTES),
        ("a.", BYTES),
        ("a", BYTES),
        ("", BYTES),
        ("html", BYTES),
        ("a.html/b", BYTES),
        ("a/.html", "text/html; charset=utf-8"),
    ] {
        assert_eq!(type_of(name.as_bytes()), expected, "{name}");
    }
}

#[test]
fn fingerprints() {
    for name in [
        "app-3f9a1c2b.js",
        "app.3f9a1c2b.css",
        "assets/app-3F9A1C2B.css",
        "app-3f9a1c2b7d3f9a1c2b7d3f9a1c2b7d00.js",
        "app.min-3f9a1c2b.js",
        "app-3f9a1c2b.js.map",
    ] {
        assert!(is_fingerprinted(name.as_bytes()), "{name}");
    }
    for name in [
        "app.js",
        "app-3f9a1c2.js",
        "report-20241121.pdf",
        "photo.20241121120000.jpg",
        "coffee-deadbeef.html",
        "app-3f9a1c2g.js",
        "3f9a1c2b.js",
        "-3f9a1c2b.js",
        "app-3f9a1c2b",
        "app-3f9a1c2b.js.html",
        "app-3f9a1c2b/x.js",
        "app_3f9a1c2b.js",
        "",
        ".",
        "..",
    ] {
        assert!(!is_fingerprinted(name.as_bytes()), "{name}");
    }
}

proptest! {
    #[test]
    fn any_octets_are_read(name in prop::collection::vec(any::<u8>(), 0..40)) {
        let media_type = type_of(&name);
        prop_assert!(media_type.contains('/') && media_type.is_ascii());
        let _ = is_fingerprinted(&name);
    }
}
