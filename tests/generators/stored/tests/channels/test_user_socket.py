import pytest
from spica import tokens
from spica.testing import SocketRefused


async def test_a_page_with_a_token_is_connected(client):
    async with client.socket("/socket", auth_token=tokens.sign("socket", 7)):
        pass


async def test_a_forged_token_is_refused(client):
    with pytest.raises(SocketRefused) as caught:
        async with client.socket("/socket", auth_token="forged"):
            pass
    caught.value.response.expect_status(401)
