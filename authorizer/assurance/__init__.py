"""One report for auditors and customers: what a configuration was shown to do, by which inputs, and what stays open.

The report is plain data (`report`), and everything else is made of it: a page for people (`as_page`), assessment
results in OSCAL (`as_oscal`), and the check of an old report against the inputs of today (`differences`). Pure, but for
`scope`, which reads the files that a report is about. `docs/assurance.md` says what a report claims and what it does
not.
"""

from authorizer.assurance.check import differences, read_report
from authorizer.assurance.oscal import as_oscal
from authorizer.assurance.page import as_page
from authorizer.assurance.report import Assumption, Deployed, Evidence, ReportInvalid, Since, report, written
from authorizer.assurance.scope import configuration, described_file, digest, inputs, scope, told

__all__ = [
    "Assumption",
    "Deployed",
    "Evidence",
    "ReportInvalid",
    "Since",
    "as_oscal",
    "as_page",
    "configuration",
    "described_file",
    "differences",
    "digest",
    "inputs",
    "read_report",
    "report",
    "scope",
    "told",
    "written",
]
