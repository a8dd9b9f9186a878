"""Passwords that are tried first: what everyone types, and one character or a sequence repeated.

A list of a hundred stops the worst; for all that have leaked, give `Passwords(is_breached=...)` a service or a file.
"""

from __future__ import annotations

import re

_LISTED = (
    "password passwort motdepasse contrasena senha wachtwoord parola administrator admin root user test "
    "guest welcome willkommen bienvenue letmein changeme secret default login master access iloveyou "
    "princess sunshine football baseball basketball superman batman spiderman pokemon starwars dragon "
    "monkey shadow michael jennifer jessica charlie jordan computer internet samsung google facebook "
    "whatever trustno qwerty qwertz azerty qwertyui qwertyuiop qwertzuiop azertyuiop asdfgh asdfghjk "
    "asdfghjkl yxcvbnm zxcvbnm qazwsx qazwsxedc wsxedc abc abcd abcdef abcdefg abcdefgh "
    "correcthorsebatterystaple spica python django rails "
)
_WORDS = frozenset(_LISTED.split())
_SEQUENCES = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "1q2w3e4r5t6z7u8i9o0p")
_LEET = str.maketrans("@$!013457", "asioleast")
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def is_common(password: str) -> bool:
    """Whether a password is among the first that are guessed, also with digits around it or 0 for o.

    Example:
        >>> [is_common(word) for word in ("P@ssw0rd123", "12345678", "aaaaaaaaaa", "quiet-otter-lamp")]
        [True, True, True, False]
    """
    lowered = password.casefold().replace(" ", "")
    if len(set(lowered)) <= 2 or any(lowered in sequence for sequence in _SEQUENCES):
        return True
    half = lowered[: len(lowered) // 2]
    if half and lowered == half * 2 and len(half) < 8 and is_common(half):
        return True
    return any(_ENDS.sub("", word) in _WORDS for word in (lowered, _ENDS.sub("", lowered).translate(_LEET)))
