"""What `spica check` finds before a user does: one file a check, all of them listed in `registry.py`."""
