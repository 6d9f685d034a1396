"""The template as written, and as SAM transforms it."""

import copy
from dataclasses import dataclass
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.support.paths import ROOT


@dataclass(frozen=True)
class Template:
    """A template in CloudFormation's long form: `!Ref X` is `{"Ref": "X"}`."""

    body: dict[str, Any]

    def __getitem__(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource."""
        properties: dict[str, Any] = self.body["Resources"][logical_id]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {name: self[name] for name, each in self.body["Resources"].items() if each["Type"] == kind}

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (properties,) = self.of_type(kind).values()
        return properties


def transform(written: Template) -> Template:
    """Return the template that CloudFormation receives from SAM."""
    body = copy.deepcopy(written.body)
    for each in body["Resources"].values():
        # `sam package` puts the place of the uploaded build here.
        for name in {"CodeUri", "ContentUri"} & each.get("Properties", {}).keys():
            each["Properties"][name] = "s3://bucket/key"
    session = boto3.session.Session(region_name="ca-central-1")
    return Template(Translator({}, Parser(), boto_session=session).translate(body, {}))


def read() -> Template:
    """Return the template as written."""
    return Template(yaml_parse((ROOT / "template.yaml").read_text()))
