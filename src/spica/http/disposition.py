"""Content-Disposition: whether content is shown or offered as a download, and under which name.

Source: RFC 6266 section 4; RFC 8187 (names beyond ASCII).
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

Disposition = Literal["attachment", "inline"]

# attr-char of RFC 8187 beside letters and digits.
_EXTENDED_SAFE = "!#$&+-.^_`|~"


def build_disposition(filename: str | None, disposition: Disposition = "attachment") -> str:
    """Build a Content-Disposition field.

    Args:    filename: any text, None for no name; folders are cut off, what isn't ASCII travels in the extended form;
             disposition: "attachment" offers a download, "inline" shows the content and names it when it is saved.
    Raises:  ValueError for another disposition.
    """
    if disposition not in ("attachment", "inline"):
        raise ValueError(f'a disposition is "attachment" or "inline", not {disposition!r}')
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    if not name:
        return disposition
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"%;' else "_" for c in name)
    if plain == name:
        return f'{disposition}; filename="{name}"'
    extended = quote(name, safe=_EXTENDED_SAFE, errors="replace")
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{extended}"
