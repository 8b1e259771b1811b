"""
Judges whether an implementation keeps the contract of the My Account API.

    from contract_tests.check import Plan, check
    from contract_tests.target import Target, complete

    report = check(complete(Target(base_url="http://127.0.0.1:4010")))
    assert report.kept, report.violations
"""
