"""The built functions in their own processes: AWS's runtime client under AWS's emulator of Lambda.

    function = BuiltFunction.of(build, "AcknowledgeFunction", resources)
    with Environment(function, aws_endpoint_url=aws.endpoint_url) as environment:
        answer = environment.invoke({"detail": {"purchaseOrderId": "7400000000001"}})

A test can kill, freeze and time out such a process.
"""

from tests.runtime.environment import BuiltFunction, Environment, EnvironmentGone, TimedOut

__all__ = ["BuiltFunction", "Environment", "EnvironmentGone", "TimedOut"]
