"""The published schema of outcome events."""

import functools
import json
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from tests.support.paths import ROOT


@functools.cache
def _validator() -> Any:  # noqa: ANN401 - the library has no types
    schema = json.loads((ROOT / "docs/outcome-event.schema.json").read_text())
    # With every property evaluated, so that a member that the schema does not describe is an error.
    for each in schema["oneOf"]:
        each["properties"]["detail"]["unevaluatedProperties"] = False
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_outcome_event(detail_type: str, detail: Mapping[str, Any], source: str) -> None:
    """Check that an event fits the schema, and has no member that the schema does not describe."""
    _validator().validate({"source": source, "detail-type": detail_type, "detail": detail})
