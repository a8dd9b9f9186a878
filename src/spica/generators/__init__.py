"""Generators: names and fields in, a plan of files out, applied wholly or not at all."""
