"""cfn-lint accepts the template, which has its waivers with their reasons."""

import re
import sys
from pathlib import Path

from tests.local.aws.commands import run
from tests.support.paths import ROOT

CFN_LINT = Path(sys.executable).parent / "cfn-lint"


def test_cfn_lint_finds_nothing() -> None:
    informational, experimental = ("--include-checks", "I"), "--include-experimental"
    serverless = ("--append-rules", "cfn_lint_serverless.rules")

    assert run([CFN_LINT, *informational, experimental, *serverless, "--", "template.yaml"], cwd=ROOT) == ""


def test_every_waiver_says_why() -> None:
    blocks = re.findall(r"ignore_checks:\n((?: +- .*\n)+)", (ROOT / "template.yaml").read_text())
    waivers = [waiver for block in blocks for waiver in block.splitlines()]

    assert waivers
    assert [waiver for waiver in waivers if " # " not in waiver] == []
