"""MariaDB and MySQL, by asyncmy."""
