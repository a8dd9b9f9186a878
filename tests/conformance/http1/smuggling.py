"""Ways in which two readers have disagreed about where a request ends: each carries a second one that must not exist.

Source: the advisories named in each id's comment; the form of the second request is always the same.
"""

from __future__ import annotations

from tests.conformance.http1.case import Case, post, refused

SECOND = b"GET /seen?smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % (5 + len(SECOND))
CHUNKS = b"0\r\n\r\n" + SECOND
CODING = b"Transfer-Encoding: chunked\r\n"

# Spellings of Transfer-Encoding that some readers take for it and others do not.
SPELLINGS = {
    "space-before-the-colon": b"Transfer-Encoding : chunked\r\n",
    "tab-before-the-colon": b"Transfer-Encoding\t: chunked\r\n",
    "leading-space": b" Transfer-Encoding: chunked\r\n",
    "vertical-tab": b"Transfer-Encoding:\x0bchunked\r\n",
    "form-feed": b"Transfer-Encoding:\x0cchunked\r\n",
    "obs-fold": b"Transfer-Encoding:\r\n chunked\r\n",
    "obs-fold-before": b"X: y\r\n Transfer-Encoding: chunked\r\n",
    "bare-lf-before": b"X: y\nTransfer-Encoding: chunked\r\n",
    "bare-cr-before": b"X: y\rTransfer-Encoding: chunked\r\n",
    "bare-lf-after": b"Transfer-Encoding: chunked\nX: y\r\n",
    "nul-after-the-name": b"Transfer-Encoding\0: chunked\r\n",
    "nul-in-the-value": b"Transfer-Encoding: chunked\0\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\n',
    "trailing-comma": b"Transfer-Encoding: chunked,\r\n",
    "identity-first": b"Transfer-Encoding: identity, chunked\r\n",
    "identity-last": b"Transfer-Encoding: chunked, identity\r\n",
    "second-field": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
    "capitals": b"TRANSFER-ENCODING: CHUNKED\r\n",
    "no-space": b"Transfer-Encoding:chunked\r\n",
    "trailing-tab": b"Transfer-Encoding: chunked\t\r\n",
    "parameter": b"Transfer-Encoding: chunked;q=1\r\n",
}

CASES: list[Case] = [
    # gunicorn CVE-2024-1135, actix CVE-2021-38512: both framings.
    *(refused(f"cl-te-{name}", post(LENGTH + line, CHUNKS), 400, 501) for name, line in SPELLINGS.items()),
    *(refused(f"te-cl-{name}", post(line + LENGTH, CHUNKS), 400, 501) for name, line in SPELLINGS.items()),
    # aiohttp CVE-2023-47627 and CVE-2025-69224: lengths that a lenient integer parser takes.
    *(
        refused(f"cl-{name}", post(b"Content-Length: " + value + b"\r\n", SECOND))
        for name, value in {
            "plus-0": b"+0",
            "minus-0": b"-0",
            "underscore": b"0_0",
            "list": b"0, 0",
            "hex": b"0x0",
            "space": b"0 0",
            "thai-0": "\u0e50".encode(),
            "nul": b"0\0",
            "lf": b"0\n",
            "vertical-tab": b"\x0b0",
        }.items()
    ),
    refused("cl-cl", post(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SECOND), SECOND)),
    refused("cl-cl-other-case", post(b"Content-Length: 0\r\ncontent-length: %d\r\n" % len(SECOND), SECOND)),
    # h11 CVE-2025-43859: any two octets taken for the CRLF after a chunk.
    refused("chunk-data-without-crlf", post(CODING, b"5\r\nhelloXX0\r\n\r\n" + SECOND)),
    # Reported for several proxies in 2025: an extension that ends at LF for one reader and at CRLF for the other.
    refused("chunk-extension-lf", post(CODING, b"0;\n" + SECOND)),
    refused("chunk-extension-lf-then-size", post(CODING, b"5;\nhello\r\n0\r\n\r\n" + SECOND)),
    refused("chunk-extension-cr", post(CODING, b"5;a\rhello\r\n0\r\n\r\n" + SECOND)),
    refused("chunk-size-beyond-64-bits", post(CODING, b"10000000000000000\r\n\r\n0\r\n\r\n" + SECOND)),
    refused("chunk-size-0x", post(CODING, b"0x0\r\n\r\n" + SECOND)),
    refused("chunk-size-0x-in-capitals", post(CODING, b"0X0\r\n\r\n" + SECOND)),
    refused("chunk-size-trailing-space", post(CODING, b"0 \r\n\r\n" + SECOND)),
    refused("last-chunk-lf", post(CODING, b"0\n\n" + SECOND)),
    refused("trailer-lf", post(CODING, b"0\r\nX: y\n\n" + SECOND)),
    refused("trailer-length", post(CODING, b"0\r\nContent-Length: %d\r\n\r\n" % len(SECOND) + SECOND)),
    # pingora CVE-2025-4366 and its kin: HTTP/1.0 has no chunked content.
    refused("te-in-1.0", b"POST /seen HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + CODING + b"\r\n" + CHUNKS),
    refused("te-in-1.0-with-length", b"POST /seen HTTP/1.0\r\nHost: a\r\n" + LENGTH + CODING + b"\r\n" + CHUNKS),
]
