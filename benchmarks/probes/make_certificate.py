"""Print as JSON a certificate for localhost and its key, both as PEM."""

import json

from spica import _core

certificate, key = _core.self_signed_certificate(["localhost", "127.0.0.1"])
print(json.dumps({"certificate": certificate, "key": key}))
