"""The clauses of a query, one file a kind; spica.orm.chain puts them together."""
