//! Which paths name a file, and that none leads out of the folder.

mod folder;

use std::error::Error;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use folder::{content, field, get, Folder, CHANGED};
use proptest::prelude::*;
use spica_files::{Options, Root};

type Outcome = Result<(), Box<dyn Error>>;

/// A folder `public` with neighbours that must stay private.
fn public() -> Result<(Folder, Root), Box<dyn Error>> {
    let folder = Folder::new()?;
    for name in [
        "secret.txt",
        "public-secret/secret.txt",
        "public/index.html",
        "public/a.txt",
        "public/sub/index.html",
        "public/sub/b.txt",
        "public/with space.txt",
        "public/100%.txt",
        "public/na\u{ef}ve.txt",
        "public/.env",
        "public/.git/config",
        "public/.well-known/security.txt",
        "public/.well-known/.hidden",
        "public/..double",
        "public/c:d.txt",
        "public/e\\f.txt",
        "public/%2e%2e/deep.txt",
        "public/bare/only.txt",
        "public/tab\tname.txt",
        "public/line\nname.txt",
        "public/delete\u{7f}name.txt",
    ] {
        folder.write(name, name, CHANGED)?;
    }
    let root = Root::open(&folder.path("public"), Options::default())?;
    Ok((folder, root))
}

fn read(root: &Root, path: &str) -> Result<Option<String>, Box<dyn Error>> {
    match get(root, path, &[]) {
        Some(answer) => Ok(Some(String::from_utf8(content(&answer)?)?)),
        None => Ok(None),
    }
}

#[test]
fn names_that_are_public() -> Outcome {
    let (_folder, root) = public()?;
    for (path, name) in [
        ("/", "public/index.html"),
        ("/a.txt", "public/a.txt"),
        ("/%61%2Etxt", "public/a.txt"),
        ("/sub/", "public/sub/index.html"),
        ("/sub/b.txt", "public/sub/b.txt"),
        ("/with%20space.txt", "public/with space.txt"),
        ("/100%25.txt", "public/100%.txt"),
        ("/na%C3%AFve.txt", "public/na\u{ef}ve.txt"),
        ("/na\u{ef}ve.txt", "public/na\u{ef}ve.txt"),
        ("/.well-known/security.txt", "public/.well-known/security.txt"),
        ("/%252e%252e/deep.txt", "public/%2e%2e/deep.txt"),
    ] {
        assert_eq!(read(&root, path)?.as_deref(), Some(name), "{path}");
    }
    Ok(())
}

#[test]
fn names_that_are_not() -> Outcome {
    let (_folder, root) = public()?;
    for path in [
        "",
        "a.txt",
        "/missing.txt",
        "/sub",
        "/bare/",
        "/bare",
        "/a.txt/",
        "/a.txt/index.html",
        "//a.txt",
        "/sub//b.txt",
        "/sub/./b.txt",
        "/sub/../a.txt",
        "/../secret.txt",
        "/../public-secret/secret.txt",
        "/..",
        "/../",
        "/.",
        "/./",
        "/%2e%2e/secret.txt",
        "/%2E%2E/secret.txt",
        "/.%2e/secret.txt",
        "/%2e./secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/sub%2fb.txt",
        "/%2fetc/passwd",
        "//etc/passwd",
        "/%252e%252e/secret.txt",
        "/%252e%252e%252fsecret.txt",
        "/..%252fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/..%c0%afsecret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/..;/secret.txt",
        "/.../secret.txt",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.well-known/.hidden",
        "/.well-known/../a.txt",
        "/.well-knownx/a",
        "/..double",
        "/c:d.txt",
        "/c%3ad.txt",
        "/e%5cf.txt",
        "/a.txt%00",
        "/a.txt%00.html",
        "/%00",
        "/a.txt%0a",
        "/a%0d%0a.txt",
        "/%7f",
        "/a.txt\0",
        "/a.txt ",
        "/tab%09name.txt",
        "/tab\tname.txt",
        "/line%0Aname.txt",
        "/delete%7fname.txt",
        "/a.txt%",
        "/a.txt%2",
        "/a.txt%zz",
        "/%u002e%u002e/secret.txt",
        "/~root",
        "/a.txt?x",
        "*",
        "/A.TXT",
    ] {
        assert_eq!(read(&root, path)?, None, "{path}");
    }
    Ok(())
}

#[test]
fn links_may_not_lead_out() -> Outcome {
    let (folder, root) = public()?;
    for (target, name) in [
        ("a.txt", "inside.txt"),
        ("../secret.txt", "outside.txt"),
        ("../public-secret", "prefix"),
        ("..", "up"),
        ("/etc", "etc"),
        ("/proc/self/root", "magic"),
        ("circle.txt", "circle.txt"),
    ] {
        symlink(target, folder.path("public").join(name))?;
    }
    assert_eq!(read(&root, "/inside.txt")?.as_deref(), Some("public/a.txt"));
    for path in [
        "/outside.txt",
        "/prefix/secret.txt",
        "/up/secret.txt",
        "/up/public/a.txt",
        "/etc/passwd",
        "/magic/etc/passwd",
        "/circle.txt",
    ] {
        assert_eq!(read(&root, path)?, None, "{path}");
    }
    Ok(())
}

#[test]
fn only_regular_files() -> Outcome {
    let (folder, root) = public()?;
    let path = |name: &str| folder.path("public").join(name);
    let made = std::process::Command::new("mkfifo").arg(path("fifo.txt")).status()?;
    assert!(made.success());
    let _listener = UnixListener::bind(path("socket.txt"))?;
    for name in ["/fifo.txt", "/socket.txt", "/sub", "/sub/index.html/"] {
        assert!(get(&root, name, &[]).is_none(), "{name}");
    }
    let devices = Root::open(std::path::Path::new("/dev"), Options::default())?;
    assert!(get(&devices, "/null", &[]).is_none() && get(&devices, "/zero", &[]).is_none());
    assert!(spica_files::Opened::open(&path("fifo.txt"))?.is_none(), "a handler's choice is not waited for either");
    Ok(())
}

#[test]
fn names_that_are_too_long() -> Outcome {
    let (_folder, root) = public()?;
    for path in [
        format!("/{}", "a".repeat(256)),
        format!("/{}", "a/".repeat(2048)),
        format!("/{}", "%61".repeat(5000)),
        format!("/{}", "a".repeat(1_000_000)),
        format!("/{}", "sub/".repeat(1000)),
    ] {
        assert!(get(&root, &path, &[]).is_none());
    }
    Ok(())
}

#[test]
fn a_name_with_octets_that_are_no_text() -> Outcome {
    use std::os::unix::ffi::OsStrExt;

    let (folder, root) = public()?;
    folder.write(std::path::Path::new("public").join(std::ffi::OsStr::from_bytes(b"\xff.css")), "x", CHANGED)?;
    let answer = get(&root, "/%ff.css", &[]).ok_or("not found")?;
    assert_eq!(field(&answer, "content-type"), Some("text/css; charset=utf-8"));
    Ok(())
}

#[test]
fn a_folder_must_exist() -> Outcome {
    let (folder, _root) = public()?;
    assert!(Root::open(&folder.path("missing"), Options::default()).is_err());
    assert!(Root::open(&folder.path("secret.txt"), Options::default()).is_err());
    Ok(())
}

#[test]
fn nothing_outside_is_ever_read() -> Outcome {
    let (_folder, root) = public()?;
    let pieces = prop::sample::select(vec![
        "/",
        ".",
        "..",
        "%2e",
        "%2f",
        "%5c",
        "\\",
        "%00",
        "%",
        "sub",
        "a.txt",
        "secret.txt",
        "public-secret",
        "public",
        "~",
        "%25",
        ";",
        "etc",
        "passwd",
        "index.html",
    ]);
    proptest!(|(path in prop::collection::vec(pieces, 0..10))| {
        let text = read(&root, &format!("/{}", path.concat()));
        prop_assert!(text.is_ok_and(|text| text.is_none_or(|text| text.starts_with("public/"))));
    });
    Ok(())
}

#[test]
fn any_octets_are_read() -> Outcome {
    let (_folder, root) = public()?;
    proptest!(|(path in prop::collection::vec(any::<u8>(), 0..40))| {
        prop_assert!(root.find(&[b"/", &path[..]].concat()).is_ok());
        prop_assert!(root.find(&path).is_ok());
    });
    Ok(())
}
