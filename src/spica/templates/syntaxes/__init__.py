"""The surface syntaxes; each reads a source into the tree of `nodes.py`."""
