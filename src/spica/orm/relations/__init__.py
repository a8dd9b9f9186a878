"""Relations between models: how they are declared, what they mean, how their records are loaded."""
