"""Status codes and their phrases.

Source: RFC 9110 section 15; RFC 6585 (428, 429, 431); RFC 7725 (451).
A table of our own because the standard library's enum costs more at import than the whole request path uses of it.
"""

from __future__ import annotations

PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_CLASSES = {2: "OK", 3: "Multiple Choices", 4: "Bad Request", 5: "Internal Server Error"}


def phrase(status: int) -> str:
    """Name a status code.

    Args:    status: 100 to 599.
    Returns: the phrase of the code; for an unknown code that of its class' first code, as RFC 9110 treats it.
    Source:  RFC 9110 section 15 ("treat it as being equivalent to the x00 status code of that class").
    """
    return PHRASES.get(status) or _CLASSES.get(status // 100, "Unknown")
