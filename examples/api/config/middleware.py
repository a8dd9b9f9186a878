"""What requests pass through, in order, before their handler."""

from spica import middleware as m

from app.access import verify_key, verify_token


def draw(p: m.Pipelines) -> None:
    p.use(m.RequestId, m.SecurityHeaders, m.ErrorHandler(format="json"))
    with p.pipeline("public"):
        p.use(m.RateLimit("20/minute", by="ip", name="public"))
    with p.pipeline("private"):  # people send a token, programs a key
        p.use(m.Bearer(verify_token, optional=True), m.ApiKey(verify_key, optional=True))
        p.use(m.RateLimit("300/minute", by="user", name="private"), m.Idempotency())
