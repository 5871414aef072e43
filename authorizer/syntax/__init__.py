"""JSON and TOML, read with the same limits and refused in the same words by every version of Python."""
