"""The built functions in processes of their own: AWS's runtime client, driven by AWS's emulator of Lambda.

    function = BuiltFunction.of(build, "AcknowledgeFunction", resources)
    with Environment(function, aws_endpoint_url=aws.endpoint_url) as environment:
        answer = environment.invoke({"detail": {"purchaseOrderId": "7400000000001"}})

There they can be killed, frozen and cut off, which nothing can be within a test's own process.
"""

from tests.runtime.environment import BuiltFunction, Environment, EnvironmentGone, TimedOut

__all__ = ["BuiltFunction", "Environment", "EnvironmentGone", "TimedOut"]
