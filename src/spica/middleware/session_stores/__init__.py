"""Session stores, one a file; the contract is `spica.middleware.session_store`."""
