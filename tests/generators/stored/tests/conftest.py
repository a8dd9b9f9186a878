"""What the tests share. Spica's plugin brings `app`, `client`, `db`, `clock`, `mock_server`, `override`, `session_of`."""
