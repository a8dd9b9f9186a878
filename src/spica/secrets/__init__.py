"""Secrets of a project: a TOML file that is encrypted, so that it can be committed, and the key that opens it.

    config/secrets.toml.encrypted              config/secrets.key               every environment without its own
    config/secrets/production.toml.encrypted   config/secrets/production.key    production

The key comes from SPICA_MASTER_KEY, from the file that SPICA_MASTER_KEY_FILE names, or from the key file beside it.
"""
