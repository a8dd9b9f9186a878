"""Keys, sealed messages and the checks against cross-site requests. Knows bytes and text, not requests."""
