"""The brokers of pub/sub, each on a server of this run."""
