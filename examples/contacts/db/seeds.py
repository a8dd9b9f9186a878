"""Forty contacts. `spica db seed` runs this; a second time it does nothing."""

from app.models.contact import Contact

FIRST = ["Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "John", "Katherine"]
LAST = ["Allen", "Dijkstra", "Hopper", "Liskov", "Lovelace"]


async def seed() -> None:
    if await Contact.count():
        return
    for first in FIRST:
        for last in LAST:
            await Contact.create(name=f"{first} {last}", email=f"{first}.{last}@example.com".lower())
