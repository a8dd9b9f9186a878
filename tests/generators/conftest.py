"""The stored application has tests of its own; they run where it is generated, not here."""

collect_ignore = ["stored"]
