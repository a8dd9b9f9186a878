"""What RateLimit counts with, one a file; the contract is `spica.middleware.rate_limit_store`."""
