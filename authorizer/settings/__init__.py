"""`access.toml` and the environment, read once into frozen values."""
