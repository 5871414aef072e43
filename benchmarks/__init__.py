"""Speed, memory, cold start and size, each as a ratio against a named peer measured in the same run: `make bench`."""
