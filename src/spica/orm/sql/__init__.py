"""Statements of SQLAlchemy Core, built from shapes. Imported only when a shape is new: see spica.orm.compiler."""
