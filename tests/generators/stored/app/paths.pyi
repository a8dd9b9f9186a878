# Written by `spica generate`, `spica routes --stub`, and `spica dev` when the routes change.
# ruff: noqa
# fmt: off
from datetime import date
from typing import Any, Literal, Protocol
from uuid import UUID

from spica.http.request import Request

class _HasParam(Protocol):
    def to_param(self) -> object: ...

class _HasId(Protocol):
    @property
    def id(self) -> Any: ...

_Param = str | int | UUID | _HasParam | _HasId

class _Paths:
    def root(self, **query: Any) -> str: ...
    def for_request(self, request: Request) -> _Urls: ...

class _Urls:
    def root(self, **query: Any) -> str: ...
    def for_request(self, request: Request) -> _Urls: ...

paths: _Paths
urls: _Urls
