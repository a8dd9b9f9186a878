"""The template benchmark: what a page costs with Spica, by hand (the limit) and with other engines."""
