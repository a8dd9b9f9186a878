"""Controllers: typed handlers and actions, their filters, and what their return values become."""
