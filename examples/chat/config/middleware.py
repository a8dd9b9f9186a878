"""What requests pass through, in order, before and after their action."""

from spica import middleware as m


def draw(p: m.Pipelines) -> None:
    p.use(m.RequestId, m.SecurityHeaders)
    with p.pipeline("browser"):
        p.use(m.Session, m.Csrf)
