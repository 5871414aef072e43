"""Credentials on their way through strangers' hands: sealed by the authorizer, opened by the backend that they are for.

With the keys of both, and what the context of an answer says.
"""
