"""The data benchmark: what a record costs through Spica's models, the raw drivers (the limit) and other mappers."""
