"""A plan as Terraform: `main.tf`, which is what access.toml decides, and the module in `deploy/terraform/`.

::

    hcl          values as HCL, laid out as `terraform fmt` does
    variables    what is asked for, of the rows of CloudFormation's parameters
    root         main.tf: policies, environment, and the call of the module
    roles        the roles that are vended or handed out, in main.tf
    facts        the module's own tables and options
"""

from authorizer.deployment.terraform.facts import files
from authorizer.deployment.terraform.root import required, root

__all__ = ["files", "required", "root"]
