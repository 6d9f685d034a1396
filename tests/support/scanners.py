"""The scanner of policies, run once for everything that it is to check."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.local.aws import CommandFailed, Venvs
from tests.local.aws.commands import run


def parliament(directory: Path, policies: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the issues that parliament finds, by the name of the policy.

    It finds actions unknown to AWS, resources that do not fit, and wildcards.
    """
    for name, policy in policies.items():
        (directory / f"{name}.json").write_text(policy)
    command: list[str | Path] = [
        Venvs().tool("scan", "parliament"),
        *("--directory", directory),
        *("--include_policy_extension", "json"),
        "--include-community-auditors",
        "--json",
    ]
    try:
        printed = run(command, cwd=directory)
    except CommandFailed as failed:
        printed = str(failed)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in printed.splitlines():
        if line.startswith('{"issue"'):
            finding = json.loads(line)
            found[Path(finding["location"]["filepath"]).stem].add(finding["issue"])
    assert found or not printed, printed
    return dict(found)
