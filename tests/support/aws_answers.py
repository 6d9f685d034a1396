"""AWS's answers to requests that are not sent."""

import io
import json
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3.response import HTTPResponse


def answer(status: int, document: object) -> Any:  # noqa: ANN401 - the stubs of a handler want none
    """Return AWS's answer, for a client's `before-send` handler to return."""
    body: Any = HTTPResponse(io.BytesIO(json.dumps(document).encode()), preload_content=False)
    return AWSResponse("", status, HTTPHeaders(), body)
