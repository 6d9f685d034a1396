"""The template is clean by every linter; what is waived is waived in the template, with its reason."""

import sys
from pathlib import Path

import pytest

from tests.local.aws import Venvs
from tests.local.aws.commands import run
from tests.support.paths import ROOT

CFN_LINT = Path(sys.executable).parent / "cfn-lint"


@pytest.mark.parametrize(
    "rules",
    [["--include-checks", "I"], ["--include-experimental"], ["--append-rules", "cfn_lint_serverless.rules"]],
    ids=["informational", "experimental", "serverless"],
)
def test_cfn_lint_finds_nothing(rules: list[str]) -> None:
    assert run([CFN_LINT, *rules, "--", "template.yaml"], cwd=ROOT) == ""


def test_sam_validates_the_template() -> None:
    assert "is a valid SAM Template" in run([Venvs().sam, "validate", "--lint"], cwd=ROOT)


def test_every_waiver_says_why() -> None:
    lines = (ROOT / "template.yaml").read_text().splitlines()
    starts = [number for number, line in enumerate(lines) if line.strip() == "ignore_checks:"]
    waivers = []
    for start in starts:
        for line in lines[start + 1 :]:
            if not line.strip().startswith("- "):
                break
            waivers.append(line)

    assert waivers
    for waiver in waivers:
        assert " # " in waiver
