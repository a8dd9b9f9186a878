"""What runs a query, one file a kind; spica.orm.query puts them together."""
