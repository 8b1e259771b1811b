"""
Judges whether an implementation keeps the contract of the My Account API.

    from contract_tests import Target, check, complete

    report = check(complete(Target(base_url="http://127.0.0.1:4010")))
    assert report.kept, report.violations
"""

from contract_tests.check import Plan, check
from contract_tests.engine import Options
from contract_tests.report.summary import Report
from contract_tests.target import CustomerSaid, Target, TargetError, Tokens, complete, load

__all__ = [
    "CustomerSaid",
    "Options",
    "Plan",
    "Report",
    "Target",
    "TargetError",
    "Tokens",
    "check",
    "complete",
    "load",
]
