"""Import a module with changed source, to seed a bug."""

from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Final

from tests.support.paths import ROOT

ROOTS: Final = (ROOT / "functions", ROOT / "layers" / "walmart_ca")
"""The folders that the program is imported from."""


def path_of(module: str) -> Path:
    """Return the file of one of the program's modules."""
    paths = [root / f"{module.replace('.', '/')}.py" for root in ROOTS]
    return next(path for path in paths if path.exists())


class Mutated(SourceFileLoader):
    """A finder and loader of one module, for `sys.meta_path`."""

    def __init__(self, module: str, source: str) -> None:
        super().__init__(module, str(path_of(module)))
        self._source = source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Answer for the one module alone."""
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the import system's signature
        """Compile the mutant."""
        return compile(self._source, self.path, "exec", dont_inherit=True)
