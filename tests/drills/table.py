"""A plugin of `make drills`: prints each finding as it comes, and the closing table."""

import pytest

from tests.drills.report import PROPERTY, Finding, parse, table

_FOLDER = "tests/drills/"


def _findings(report: pytest.TestReport) -> list[Finding]:
    return [parse(str(text)) for name, text in report.user_properties if name == PROPERTY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table: a row for each drill, then what was skipped, and what counts nothing."""
    ended = [
        report
        for outcome in ("passed", "failed", "skipped", "error")
        for report in terminalreporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport)
    ]
    findings = [finding for report in ended for finding in _findings(report)]
    silent = [report for report in ended if not _findings(report)]
    # A drill whose bar holds may still break off after it has told so, as on a warning.
    broken = [report for report in ended if report.failed and all(one.passes for one in _findings(report))]
    unheld = [
        (report.nodeid.removeprefix(_FOLDER), _outcome(report))
        for report in [*broken, *(report for report in silent if report.skipped)]
    ]
    terminalreporter.section("drills")
    for line in table(findings, unheld):
        terminalreporter.line(line)
    others = sum(report.passed for report in silent)
    holding = sum(finding.passes for finding in findings)
    terminalreporter.line(
        f"{holding} of {len(findings)} bars hold; {others} drills that only assert hold; "
        f"{len(broken)} broke off; "
        f"{sum(report.skipped for report in silent)} skipped"
    )


def _outcome(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return "broke off"
