"""Verified claims → one role, the scopes, and what those scopes open."""
