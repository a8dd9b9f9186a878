"""RFC 9112 in its order: what is a request, and what is none."""

from __future__ import annotations

from tests.conformance.http1.case import Case, Expected, chunked, get, post, refused, served

HELLO = Expected(200, "hello")
EMPTY = Expected(200, "")

MESSAGE = [
    served("2.2-one-empty-line-before-a-request", b"\r\n" + get()),
    refused("2.2-bare-lf-in-the-request-line", b"GET /seen HTTP/1.1\nHost: a\r\n\r\n"),
    refused("2.2-bare-lf-in-a-field", b"GET /seen HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    refused("2.2-bare-lf-at-the-end", b"GET /seen HTTP/1.1\r\nHost: a\r\n\n"),
    refused("2.2-bare-cr-in-the-target", b"GET /se\ren HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("2.2-bare-cr-in-a-value", get(b"X: a\rb\r\n")),
    refused("2.2-bare-cr-as-line-end", b"GET /seen HTTP/1.1\rHost: a\r\r\n\r\n"),
    refused("2.2-white-space-after-the-request-line", b"GET /seen HTTP/1.1\r\n Host: a\r\n\r\n"),
    refused("2.2-nul-in-the-request-line", b"GET /se\0en HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("2.2-no-http-at-all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    refused("2.2-non-ascii-method", b"G\xc3\x89T /seen HTTP/1.1\r\nHost: a\r\n\r\n"),
    served("2.3-http-1.0", b"GET /seen HTTP/1.0\r\n\r\n", closes=True),
    refused("2.3-major-2", get(version=b"HTTP/2.0"), 505),
    refused("2.3-major-0", get(version=b"HTTP/0.9"), 505),
    refused("2.3-two-digits", get(version=b"HTTP/1.10"), 400, 505),
    refused("2.3-lower-case", get(version=b"http/1.1"), 400, 505),
    refused("2.3-other-protocol", get(version=b"HTCPCP/1.0"), 400, 505),
    refused("2.3-no-minor", get(version=b"HTTP/1"), 400, 505),
    refused("2.3-comma", get(version=b"HTTP/1,1"), 400, 505),
]

REQUEST_LINE = [
    refused("3-simple-request", b"GET /seen\r\n\r\n"),
    refused("3-two-spaces-before-the-target", b"GET  /seen HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("3-two-spaces-before-the-version", b"GET /seen  HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("3-tab", b"GET\t/seen HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("3-space-at-the-end", b"GET /seen HTTP/1.1 \r\nHost: a\r\n\r\n", 400, 505),
    refused("3-space-first", b" GET /seen HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("3-no-target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("3-a-word-too-many", b"GET /seen b HTTP/1.1\r\nHost: a\r\n\r\n", 400, 505),
    refused("3.1-delimiter-in-the-method", b"G(T /seen HTTP/1.1\r\nHost: a\r\n\r\n"),
    served("3.1-methods-are-case-sensitive", b"get /seen HTTP/1.1\r\nHost: a\r\n\r\n", Expected(405)),
    refused("3.1-a-method-longer-than-any", b"A" * 25 + b" /seen HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    served("3-longest-request-line", get(target=b"/seen?" + b"a" * (8192 - 19))),
    refused("3-request-line-one-too-long", get(target=b"/seen?" + b"a" * (8193 - 19)), 414),
    refused("3-request-line-without-end", b"GET /" + b"a" * 20_000, 414),
    refused("3.2-host-missing", b"GET /seen HTTP/1.1\r\n\r\n"),
    refused("3.2-host-twice", get(b"Host: b\r\n")),
    refused("3.2-host-twice-the-same", get(b"Host: a\r\n")),
    refused("3.2-host-twice-in-1.0", b"GET /seen HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    refused("3.2-host-list", b"GET /seen HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    refused("3.2-host-with-user", b"GET /seen HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    refused("3.2-host-with-path", b"GET /seen HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    refused("3.2-host-with-space", b"GET /seen HTTP/1.1\r\nHost: a b\r\n\r\n"),
    refused("3.2-host-port-beyond-65535", b"GET /seen HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    refused("3.2-host-port-no-number", b"GET /seen HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    served("3.2-host-ipv6-and-port", b"GET /seen HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
    refused("3.2-host-ipv6-open", b"GET /seen HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    refused("3.2-fragment", get(target=b"/seen#a")),
    refused("3.2-octet-from-0x80", get(target=b"/seen\xff")),
    refused("3.2-delete", get(target=b"/seen\x7f")),
    refused("3.2.1-no-slash", get(target=b"seen")),
    refused("3.2.1-query-first", get(target=b"?seen")),
    refused("3.2.1-percent-without-digits", get(target=b"/%zz")),
    refused("3.2.1-percent-at-the-end", get(target=b"/%4")),
    refused("3.2.1-encoded-nul", get(target=b"/%00")),
    served("3.2.1-encoded-letter", get(target=b"/%73een"), Expected(200, "", "/%73een")),
    served("3.2.1-two-slashes-are-another-path", get(target=b"//seen"), Expected(404)),
    served("3.2.1-dots-are-not-resolved", get(target=b"/x/../seen"), Expected(404)),
    served("3.2.2-absolute-form", get(target=b"http://a/seen")),
    served("3.2.2-absolute-form-another-case", get(target=b"HTTP://A/seen")),
    refused("3.2.2-absolute-form-of-another-host", get(target=b"http://b/seen")),
    refused("3.2.2-absolute-form-of-another-port", get(target=b"http://a:81/seen")),
    refused("3.2.2-absolute-form-with-user", get(target=b"http://u@a/seen")),
    refused("3.2.2-another-scheme", get(target=b"ftp://a/seen")),
    refused("3.2.2-no-host", get(target=b"http:///seen")),
    refused("3.2.3-authority-form", get(target=b"a:80")),
    refused("3.2.3-connect", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, 501),
    served("3.2.4-asterisk-form", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Expected(204, method="OPTIONS")),
    refused("3.2.4-asterisk-with-get", get(target=b"*")),
]

FIELDS = [
    served("5-white-space-around-the-value", get(b"X: \t a b \t \r\n")),
    served("5-empty-value", get(b"X:\r\n")),
    refused("5-no-colon", get(b"X\r\n")),
    refused("5-empty-name", get(b": a\r\n")),
    refused("5.1-space-before-the-colon", get(b"X : a\r\n")),
    refused("5.1-tab-before-the-colon", get(b"X\t: a\r\n")),
    refused("5.1-space-before-the-colon-of-a-length", post(b"Content-Length : 5\r\n", b"hello")),
    refused("5.1-delimiter-in-the-name", get(b"X(y): a\r\n")),
    refused("5.1-octet-from-0x80-in-the-name", get(b"X\xe9: a\r\n")),
    refused("5.1-nul-in-the-name", get(b"X\0: a\r\n")),
    refused("5.2-obs-fold", get(b"X: a\r\n b\r\n")),
    refused("5.2-obs-fold-by-tab", get(b"X: a\r\n\tb\r\n")),
    refused("5.2-obs-fold-of-nothing", get(b"X: a\r\n \r\n")),
    refused("5.2-obs-fold-of-a-coding", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n")),
    served("5.5-obs-text-in-a-value", get(b"X: \xc3\xa9\xff\r\n")),
    refused("5.5-nul-in-a-value", get(b"X: a\0b\r\n")),
    refused("5.5-control-in-a-value", get(b"X: a\x01b\r\n")),
    refused("5.5-delete-in-a-value", get(b"X: a\x7fb\r\n")),
    served("5.4-hundred-fields", get(b"".join(b"X%d: y\r\n" % index for index in range(99)))),
    refused("5.4-one-field-too-many", get(b"".join(b"X%d: y\r\n" % index for index in range(100))), 431),
    served("5.4-largest-block", get(b"X: " + b"y" * (65536 - 9 - 5) + b"\r\n")),
    refused("5.4-block-one-too-large", get(b"X: " + b"y" * (65537 - 9 - 5) + b"\r\n"), 431),
    refused("5.4-a-field-without-end", b"GET /seen HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000, 431),
]

CONTENT = [
    served("6.3-no-content", post(b""), EMPTY),
    served("6.3-length", post(b"Content-Length: 5\r\n", b"hello"), HELLO),
    served("6.3-length-0", post(b"Content-Length: 0\r\n"), EMPTY),
    served("6.3-length-with-leading-zeros", post(b"Content-Length: 005\r\n", b"hello"), HELLO),
    served("6.3-content-of-a-get", get(b"Content-Length: 5\r\n") + b"hello", HELLO),
    served("6.3-content-that-looks-like-a-request", post(b"Content-Length: %d\r\n" % len(get()), get())),
    served("6.3-two-requests", post(b"Content-Length: 5\r\n", b"hello") + get(), HELLO, EMPTY),
    *(
        refused(f"6.3-length-{name}", post(b"Content-Length: " + value + b"\r\n", b"hello"))
        for name, value in {
            "plus": b"+5",
            "minus": b"-5",
            "hex": b"0x5",
            "exponent": b"5e0",
            "fraction": b"5.0",
            "empty": b"",
            "list": b"5, 5",
            "list-without-space": b"5,5",
            "list-of-two": b"5, 6",
            "inner-space": b"5 5",
            "underscore": b"0_5",
            "quoted": b'"5"',
            "arabic-digit": "\u0665".encode(),
            "semicolon": b"5;",
            "no-number": b"five",
        }.items()
    ),
    refused("6.3-length-twice", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello")),
    refused("6.3-length-twice-the-same", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    refused("6.3-length-beyond-64-bits", post(b"Content-Length: 18446744073709551621\r\n", b"hello"), 400, 413),
    refused("6.3-length-beyond-the-limit", post(b"Content-Length: 16777217\r\n", b"hello"), 413),
    served("6.1-coding-in-capitals", post(b"Transfer-Encoding: CHUNKED\r\n", b"5\r\nhello\r\n0\r\n\r\n"), HELLO),
    refused("6.1-coding-and-length", post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")),
    refused("6.1-length-and-coding", post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n")),
    refused("6.1-coding-and-length-0", post(b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", b"0\r\n\r\n")),
    refused("6.1-coding-in-1.0", b"POST /seen HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    refused("6.1-unknown-coding-before-chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    *(
        refused(f"6.1-coding-{name}", post(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"), 400, 501)
        for name, value in {
            "not-last": b"chunked, gzip",
            "identity": b"identity",
            "then-identity": b"chunked, identity",
            "twice": b"chunked, chunked",
            "prefixed": b"xchunked",
            "suffixed": b"chunkedx",
            "quoted": b'"chunked"',
            "with-parameter": b"chunked;a=b",
            "empty": b"",
            "empty-first": b", chunked",
            "empty-last": b"chunked,",
            "vertical-tab": b"\x0bchunked",
            "delete-last": b"chunked\x7f",
            "nul-last": b"chunked\0",
            "cow": b"cow",
            "unicode-k": "chun\u212aed".encode(),
        }.items()
    ),
    refused(
        "6.1-coding-in-two-fields", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")
    ),
    refused(
        "6.1-coding-in-two-fields-identity",
        post(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        400,
        501,
    ),
    served(
        "6.1-another-name-is-no-coding", post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", b"hello"), HELLO
    ),
]

CHUNKED = [
    served("7.1-one-chunk", chunked(b"5\r\nhello\r\n0\r\n\r\n"), HELLO),
    served("7.1-two-chunks", chunked(b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), HELLO),
    served("7.1-no-chunk", chunked(b"0\r\n\r\n"), EMPTY),
    served("7.1-leading-zeros", chunked(b"0005\r\nhello\r\n000\r\n\r\n"), HELLO),
    served(
        "7.1-hex-in-both-cases", chunked(b"a\r\nhellohello\r\nA\r\nhellohello\r\n0\r\n\r\n"), Expected(200, "hello" * 4)
    ),
    served("7.1-two-requests", chunked(b"5\r\nhello\r\n0\r\n\r\n") + get(), HELLO, EMPTY),
    *(
        refused(f"7.1-size-{name}", chunked(size + b"\r\nhello\r\n0\r\n\r\n"))
        for name, size in {
            "plus": b"+5",
            "minus": b"-5",
            "prefix": b"0x5",
            "space-after": b"5 ",
            "space-before": b" 5",
            "tab": b"5\t",
            "underscore": b"0_5",
            "empty": b"",
            "no-hex": b"g",
            "seventeen-digits": b"0" * 16 + b"5",
            "comma": b"5,5",
            "nul": b"5\0",
            "arabic-digit": "\u0665".encode(),
        }.items()
    ),
    refused("7.1-size-beyond-the-limit", chunked(b"ffffffffffffffff\r\nhello"), 400, 413),
    refused("7.1-bare-lf-after-the-size", chunked(b"5\nhello\r\n0\r\n\r\n")),
    refused("7.1-bare-cr-after-the-size", chunked(b"5\rhello\r\n0\r\n\r\n")),
    refused("7.1-data-too-long", chunked(b"5\r\nhelloX\r\n0\r\n\r\n")),
    refused("7.1-data-ends-by-lf", chunked(b"5\r\nhello\n0\r\n\r\n")),
    refused("7.1-data-ends-by-nothing", chunked(b"5\r\nhello0\r\n\r\n")),
    refused("7.1-last-chunk-by-lf", chunked(b"5\r\nhello\r\n0\n\n")),
    served("7.1.1-extensions", chunked(b'5;a;b=c;d="e f"\r\nhello\r\n0;z\r\n\r\n'), HELLO),
    refused("7.1.1-lf-in-an-extension", chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n")),
    refused("7.1.1-cr-in-an-extension", chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n")),
    refused("7.1.1-open-quote", chunked(b'5;a="b\r\nhello\r\n0\r\n\r\n')),
    served("7.1.1-extensions-of-4-kib", chunked(b"5;" + b"a" * 4095 + b"\r\nhello\r\n0\r\n\r\n"), HELLO),
    refused("7.1.1-extensions-one-too-large", chunked(b"5;" + b"a" * 4096 + b"\r\nhello\r\n0\r\n\r\n")),
    refused(
        "7.1.1-extensions-in-many-chunks",
        chunked(b"1;" + b"a" * 99 + b"\r\nh\r\n" + (b"1;" + b"a" * 99 + b"\r\nh\r\n") * 40),
    ),
    served("7.1.2-trailers", chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), HELLO),
    served("7.1.2-trailers-and-a-request", chunked(b"0\r\nX-Sum: 1\r\n\r\n") + get(), EMPTY, EMPTY),
    *(
        refused(f"7.1.2-trailer-{name.decode().lower()}", chunked(b"0\r\n" + name + b": 5\r\n\r\n"))
        for name in (
            b"Content-Length",
            b"Transfer-Encoding",
            b"Host",
            b"Content-Encoding",
            b"Authorization",
            b"Trailer",
        )
    ),
    refused("7.1.2-bare-lf-in-trailers", chunked(b"0\r\nX: y\n\r\n")),
    refused("7.1.2-obs-fold-in-trailers", chunked(b"0\r\nX: y\r\n z\r\n\r\n")),
    refused("7.1.2-space-before-the-colon-in-trailers", chunked(b"0\r\nX : y\r\n\r\n")),
    refused("7.1.2-too-many-trailers", chunked(b"0\r\n" + b"X: y\r\n" * 100 + b"\r\n"), 431),
]

CONNECTION = [
    served("9.3-persists", get() + get(), EMPTY, EMPTY),
    served(
        "9.3-sixteen-pipelined",
        b"".join(get(target=b"/seen?%d" % n) for n in range(16)),
        *(Expected(200, "", f"/seen?{n}") for n in range(16)),
    ),
    served("9.3-close", get(b"Connection: close\r\n"), closes=True),
    served("9.3-close-in-capitals", get(b"Connection: CLOSE\r\n"), closes=True),
    served("9.3-close-in-a-list", get(b"Connection: x, close\r\n"), closes=True),
    served("9.3-close-in-a-second-field", get(b"Connection: x\r\nConnection: close\r\n"), closes=True),
    served("9.3-nothing-is-answered-after-close", get(b"Connection: close\r\n") + get(), closes=True),
    served("9.3-close-as-part-of-a-word", get(b"Connection: closed\r\n")),
    served("9.3-1.0-closes", b"GET /seen HTTP/1.0\r\nHost: a\r\n\r\n", closes=True),
    served("9.3-1.0-keep-alive", b"GET /seen HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
    refused("9.6-after-an-error-nothing-is-read", get() + get(b"X : a\r\n") + get(), after=[EMPTY]),
    served(
        "9.3-404-with-content-persists",
        b"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        Expected(404),
    ),
    served(
        "9.3-405-with-content-persists",
        b"POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        Expected(405),
    ),
    served("9.3-500-persists", get(target=b"/raises"), Expected(500)),
]

CASES: list[Case] = [*MESSAGE, *REQUEST_LINE, *FIELDS, *CONTENT, *CHUNKED, *CONNECTION]
