"""Credentials for one identity, narrowed by its session policy.

Only here, in `authorizer.backend` and in `authorizer.local` are aioboto3 and botocore imported. Importing
this package imports nothing else: each file says what it needs.
"""
