"""The papers that an administrator applies: whom roles trust, what the authorizer's own role may do, revocations."""
