"""What Idempotency remembers, one a file; the contract is `spica.middleware.idempotency_store`."""
