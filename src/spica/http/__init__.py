"""Requests and responses as values: lazy views of what came in, checked builders of what goes out.

Nothing here does I/O or knows a route. Import from the defining module.
"""
