"""The listening socket: which ports are ports."""

from __future__ import annotations

import pytest

from spica.server.errors import AddressError
from spica.server.listener import open_listener


@pytest.mark.parametrize("port", [65_536, 99_999, -1])
def test_a_number_that_is_no_port_is_refused_and_no_other_port_taken(port: int) -> None:
    with pytest.raises(AddressError, match=f"{port} is no port: ports are 0"):
        open_listener("127.0.0.1", port)


def test_port_zero_takes_a_free_one() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0
