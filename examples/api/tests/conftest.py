"""A client that is signed in, and a folder for uploads that is gone after the test."""

import shutil
from pathlib import Path

import pytest

from app.access import make_token
from app.models.user import User


@pytest.fixture
async def ada(client, db):
    user = await User.create(email="ada@example.com", password_hash="none")
    client.headers["authorization"] = f"Bearer {make_token(user)}"
    yield user
    shutil.rmtree(Path(__file__).parents[1] / "tmp" / "test-data", ignore_errors=True)
