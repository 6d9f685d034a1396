"""Make a deployable template of SAM's build for the local AWS: `python -m tests.local.sandbox.template`."""

import shutil
import sys
from pathlib import Path

from tests.local.aws import Build
from tests.local.aws.stack import this_machine


def main(build_directory: str, template: str) -> int:
    """Write the template; without a build, print one line and return 1."""
    build, local = Build(Path(build_directory), this_machine()), Path(template).parent
    if not build.template.is_file():
        sys.stderr.write("Nothing is built for the sandbox yet: run sam build first\n")
        return 1
    shutil.rmtree(local, ignore_errors=True)
    build.for_local_aws(local)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
