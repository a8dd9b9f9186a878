"""API documents: OpenAPI 3.1 of an application's routes and types, and the pages that show it."""
