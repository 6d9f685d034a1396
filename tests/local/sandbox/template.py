"""Make a deployable template of SAM's build for the local AWS: `python -m tests.local.sandbox.template`."""

import json
import shutil
import sys
from pathlib import Path

from tests.local.aws import Build
from tests.local.aws.stack import this_machine


def main(build_directory: str, template: str, parameters: str) -> int:
    """Write the template; without a build, print one line and return 1.

    Its defaults are the parameters in a file of JSON, so that another stack of the sandbox calls the local
    marketplace, too, and not Walmart.
    """
    build, local = Build(Path(build_directory), this_machine()), Path(template).parent
    if not build.template.is_file():
        sys.stderr.write("Nothing is built for the sandbox yet: run sam build first\n")
        return 1
    shutil.rmtree(local, ignore_errors=True)
    made, _ = build.for_local_aws(local)
    described = json.loads(made.template.read_text())
    given = json.loads(Path(parameters).read_text())
    for name in given.keys() & described["Parameters"].keys():
        described["Parameters"][name]["Default"] = given[name]
    made.template.write_text(json.dumps(described))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
