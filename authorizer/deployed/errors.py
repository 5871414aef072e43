"""What is wrong with a file that should describe a deployment."""


class DeploymentInvalid(ValueError):
    """A file is none that describes a deployment. The text says which, where, what was found and what to do."""
