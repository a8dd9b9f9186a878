"""What the tests share. Spica's pytest plugin brings the fixtures `app`, `client` and `db`."""
