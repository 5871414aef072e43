"""A plan as a template of CloudFormation, or of SAM, which is the same but for the function's form.

::

    intrinsics  Ref, GetAtt, Sub, If; a plan's texts written with them
    parameters  what is asked for at deployment
    function    the function, its role, the roles it vends
    doors       authorizers of each kind of API, gateway responses, metadata
    watch       alarms, dashboard
    assembly    all of it, in one stable order
    yaml_text   a template as YAML, or JSON
"""

from authorizer.deployment.cloudformation.assembly import Form, Release, template
from authorizer.deployment.cloudformation.parameters import PYTHONS
from authorizer.deployment.cloudformation.yaml_text import to_json, to_yaml

__all__ = ["PYTHONS", "Form", "Release", "template", "to_json", "to_yaml"]
