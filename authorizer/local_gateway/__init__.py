"""API Gateway on a laptop: the authorizer in front of the user's own backend, with the gateway's cache, limits and
answers. Never in Lambda."""
