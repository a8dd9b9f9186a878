"""Print as JSON the nanoseconds of one match, for tables of the sizes given as arguments.

Half of the routes are static, half have an int and a str parameter; the paths are spread over the whole table.
"""

import json
import sys
import time

from spica import _core

MATCHES = 20_000
REPEATS = 5


def build_table(count):
    table = _core.Application(encode=repr, response_type=object, on_error=print, on_miss=print, send_stream=print)
    for number in range(count // 2):
        table.add_route("GET", f"/things{number}/list", print, takes="params", kind="plain")
        pattern = f"/things{number}/{{id:int}}/parts/{{name}}"
        table.add_route("GET", pattern, print, takes="params", order=(0, 1), kind="plain")
    table.freeze()
    return table


def spread_paths(count):
    numbers = range(0, count // 2, max(1, count // 20))
    some = [path for n in numbers for path in (f"/things{n}/list", f"/things{n}/{n}/parts/wheel")]
    return some * (MATCHES // len(some))


def seconds(match, paths):
    start = time.perf_counter()
    for _ in paths:
        pass
    middle = time.perf_counter()
    for path in paths:
        match(path)
    return (time.perf_counter() - middle) - (middle - start)


def match_ns(count):
    requests = {path: _core.Request.build("GET", path, []) for path in spread_paths(count)}
    table, paths = build_table(count), [requests[path] for path in spread_paths(count)]
    for path, request in requests.items():
        if table.match(request)[0] < 0:
            sys.exit(f"the router does not find {path}")
    return min(seconds(table.match, paths) for _ in range(REPEATS)) / len(paths) * 1e9


print(json.dumps({count: match_ns(int(count)) for count in sys.argv[1:]}))
