"""The databases that migrations run on, one package each."""
