"""What Secrets Manager answers, and what the error tells a person to correct."""

from collections.abc import Mapping

import boto3
import pytest

from shared.walmart.credentials import CURRENT, PREVIOUS, SecretsUnavailableError, SetupError
from shared.walmart.secrets_manager import SecretsManagerStore
from tests.support.aws_answers import answer
from tests.unit.reachable import texts_reachable_from

ACCESS_KEY = "access-key-of-the-function"


def store(status: int, document: Mapping[str, str]) -> SecretsManagerStore:
    """Return a store that gets this answer, without sending its signed request."""
    client = boto3.client(
        "secretsmanager",
        region_name="ca-central-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=ACCESS_KEY,
        aws_session_token=f"session-{ACCESS_KEY}",
    )
    client.meta.events.register("before-send.secretsmanager", lambda **_: answer(status, document))
    return SecretsManagerStore(client, "arn")


NO_SUCH_SECRET = "Secrets Manager can't find the specified secret."
NO_CURRENT = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
NO_PREVIOUS = NO_CURRENT.replace(CURRENT, PREVIOUS)
DELETED = "You can't perform this operation on the secret because it was marked for deletion."
MANAGED = "The secret is managed by another service, and you must use that service to update it."
NOT_AUTHORIZED = (
    "User: arn:aws:sts::123456789012:assumed-role/kms:KMS/f is not authorized to perform:"
    " secretsmanager:GetSecretValue on resource: arn because no identity-based policy allows it"
)
KEY_NOT_AUTHORIZED = "User: arn is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k"
DISABLED = (
    "Secrets Manager can't decrypt the secret value: arn:aws:kms:ca-central-1:1:key/k is disabled. (Service:"
    " AWSKMS; Status Code: 400; Error Code: DisabledException)"
)
PENDING = "arn:aws:kms:ca-central-1:1:key/k is pending deletion."
KEY_FAILS = "its KMS key does not decrypt it: check the state of that key, its policy and CredentialsKeyArn"
KMS_REFUSES = "the function may not read it: KMS does not let it use the key; check the state of that key"
MISSING, INVALID, DENIED = "ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"
ANSWERS = {
    "no secret": (MISSING, NO_SUCH_SECRET, "there is no secret of this name"),
    "no value": (MISSING, NO_CURRENT, "it has no current version yet: store a value"),
    "no value before": (MISSING, NO_PREVIOUS, "it has no version with the label AWSPREVIOUS"),
    "deleted": (INVALID, DELETED, "it is marked for deletion"),
    "managed by another": (INVALID, MANAGED, f"Secrets Manager does not return it; AWS says: {MANAGED}"),
    "no reason": (INVALID, "", "AWS gives no reason"),
    "not readable": (INVALID, "\u2019\n\u20ac" + "x" * 300, f"'??{'x' * 197}..."),
    "a role without permission": (DENIED, NOT_AUTHORIZED, "check CredentialsSecretArn"),
    "a key without permission": (DENIED, "Access to KMS is not allowed", KMS_REFUSES),
    "decrypting without permission": (DENIED, KEY_NOT_AUTHORIZED, KMS_REFUSES),
    "a disabled key": ("DecryptionFailure", DISABLED, f"{KEY_FAILS}; AWS says: {DISABLED[:90]}"),
    "a key pending deletion": (INVALID, PENDING, "its KMS key does not decrypt it"),
}


@pytest.mark.parametrize(("code", "message", "advice"), ANSWERS.values(), ids=ANSWERS.keys())
def test_the_error_says_what_to_correct(code: str, message: str, advice: str) -> None:
    stage = PREVIOUS if message == NO_PREVIOUS else CURRENT

    with pytest.raises(SetupError) as refused:
        store(400, {"__type": code, "Message": message}).read(stage)

    assert str(refused.value).startswith("secret: ")
    assert advice in str(refused.value)
    assert ACCESS_KEY not in texts_reachable_from(refused.value.with_traceback(None))


def test_any_other_error_means_secrets_manager_is_unavailable() -> None:
    with pytest.raises(SecretsUnavailableError, match=r"^InvalidParameterException$") as refused:
        store(400, {"__type": "InvalidParameterException", "Message": "hunter2"}).read(CURRENT)

    assert refused.value.__context__ is None


def test_a_binary_secret_is_named_and_not_kept() -> None:
    with pytest.raises(SetupError, match=r"^secret: must be a JSON text, not binary$") as refused:
        store(200, {"SecretBinary": "aHVudGVyMg==", "VersionId": "v1"}).read(CURRENT)

    assert "hunter2" not in texts_reachable_from(refused.value.with_traceback(None))


def test_the_current_version_is_read() -> None:
    answer = {"SecretString": "{}", "VersionId": "v1"}

    secret = store(200, answer).read(CURRENT)
    assert (secret.text, secret.version_id) == ("{}", "v1")
