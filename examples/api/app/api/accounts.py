"""Accounts: sign up, sign in for a token, make a key for programs."""

from typing import Annotated

import msgspec
from spica import Conflict, CurrentUser, Router, Unauthorized, passwords
from spica.crypto import token_urlsafe

from app.access import TOKEN_LIFE_S, digest, make_token
from app.models.user import User

public = Router()
private = Router()
Me = Annotated[User, CurrentUser()]


class Account(msgspec.Struct):
    """Who you are, and what only you know."""

    email: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^@\s]+@[^@\s]+$", examples=["ada@example.com"])]
    password: Annotated[str, msgspec.Meta(min_length=10, max_length=200)]


class Token(msgspec.Struct):
    """Send it as `Authorization: Bearer …`."""

    token: str
    expires_in: int = TOKEN_LIFE_S


class Key(msgspec.Struct):
    """Send it as `X-Api-Key: …`; it is shown this once."""

    key: str


@public.post("/users", status=201, tags=["accounts"], raises=[Conflict])
async def sign_up(body: Account) -> User:
    """Make an account."""
    passwords.check(body.password, about=body.email)
    if await User.find_by(email=body.email):
        raise Conflict("this address has an account")
    return await User.create(email=body.email, password_hash=await passwords.hash(body.password))


@public.post("/tokens", status=201, tags=["accounts"], raises=[Unauthorized])
async def sign_in(body: Account) -> Token:
    """Get a token for an hour."""
    user = await User.find_by(email=body.email)
    # Without a user a hash is computed too: how long it takes does not tell who has an account.
    if not await passwords.verify(body.password, user.password_hash if user else None) or user is None:
        raise Unauthorized("the address or the password is wrong")
    return Token(make_token(user))


@private.get("/me", tags=["accounts"])
def show_me(me: Me) -> User:
    """Show who you are."""
    return me


@private.post("/keys", status=201, tags=["accounts"])
async def make_key(me: Me) -> Key:
    """Make the key of your programs; the one before ends."""
    key = token_urlsafe()
    await me.update(key_digest=digest(key))
    return Key(key)
