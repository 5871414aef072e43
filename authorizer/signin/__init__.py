"""A person's sign-in on their own machine: tokens by OAuth's authorization code with PKCE, their place in the system's
keyring, and the credentials that `GET /credentials` gives for them."""
