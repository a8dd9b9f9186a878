"""Configuration: TOML files in config/, one typed value for the environment the process runs in."""

from spica.config.loader import load
from spica.config.section import Secret, Section
from spica.config.settings import Settings

__all__ = ["Secret", "Section", "Settings", "load"]
