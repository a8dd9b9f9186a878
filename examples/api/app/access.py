"""Who may come in: people by a signed token that lasts an hour, programs by a key of which we keep a digest."""

from spica import tokens
from spica.crypto import sha256
from spica.security.errors import TokenError

from app.models.user import User

TOKEN_LIFE_S = 3_600


def make_token(user: User) -> str:
    return tokens.sign("api", user.id, max_age=TOKEN_LIFE_S)


async def verify_token(token: str) -> User | None:
    try:
        return await User.find_by(id=tokens.verify("api", token))
    except TokenError:
        return None


def digest(key: str) -> str:
    return sha256(key.encode()).hex()


async def verify_key(key: str) -> User | None:
    return await User.find_by(key_digest=digest(key))
