"""The application: where routes, handlers, middleware, templates and data meet, and a request passes through."""
