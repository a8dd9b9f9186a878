"""SQLite: one reader on the loop's thread, one writer thread a file, other readers for what takes long."""
