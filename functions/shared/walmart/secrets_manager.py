"""Reads the secret from Secrets Manager."""

import re
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.walmart.credentials import CURRENT, Secret, SecretsUnavailableError, SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient

_CHECK_KEY: Final = "check the state of that key, its policy and CredentialsKeyArn"
_DELETED: Final = ("marked for deletion", "marked deleted", "scheduled for deletion")
_NOT_PRINTABLE: Final = re.compile(r"[^ -~]")
_MAX_REASON: Final = 200


class SecretsManagerStore:
    """Reads the secret, without a cache."""

    def __init__(self, secrets_manager: "SecretsManagerClient", secret_arn: str) -> None:
        """Read `secret_arn` through `secrets_manager`."""
        self._secrets_manager = secrets_manager
        self._secret_arn = secret_arn

    def read(self, stage: str) -> Secret:
        """Read the version with a staging label, `AWSCURRENT` or `AWSPREVIOUS`.

        Raises:
            SetupError: There is none, the function may not read it, or it is not text.
            SecretsUnavailableError: Secrets Manager did not answer.
        """
        answer = self._ask(stage)
        # Raise here, where no frame holds the answer or the signed request.
        if not isinstance(answer, Secret):
            raise answer
        return answer

    def _ask(self, stage: str) -> Secret | SetupError | SecretsUnavailableError:
        try:
            answer: Mapping[str, Any] = self._secrets_manager.get_secret_value(
                SecretId=self._secret_arn, VersionStage=stage
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            problem = _what_to_correct(code, error.response["Error"].get("Message", ""), stage)
            return SetupError(f"secret: {problem}") if problem else SecretsUnavailableError(code)
        except BotoCoreError as error:
            return SecretsUnavailableError(type(error).__name__)
        if "SecretString" not in answer:
            return SetupError("secret: must be a JSON text, not binary")
        return Secret(answer["SecretString"], answer["VersionId"])


def _what_to_correct(code: str, message: str, stage: str) -> str | None:
    """Return what a person must correct; None when the failure may be temporary.

    One code stands for several problems, which only the message tells apart. Observed:

    - `ResourceNotFoundException`: "Secrets Manager can't find the specified secret." and "Secrets Manager
      can't find the specified secret value for staging label: AWSCURRENT" (boto/boto3#2794,
      aws/aws-sdk-js-v3#7701).
    - `InvalidRequestException`: "You can't perform this operation on the secret because it was marked for
      deletion." (external-secrets/kubernetes-external-secrets#114). moto says "currently marked deleted". The
      service model names other causes, such as a secret that another service manages.
    - `AccessDeniedException`: "Access to KMS is not allowed" (aws-secrets-manager-rotation-lambdas#53), or
      "User: ... is not authorized to perform: secretsmanager:GetSecretValue on resource: ...".
    - `DecryptionFailure`: "Secrets Manager can't decrypt the secret value: arn:aws:kms:... is disabled.
      (Service: AWSKMS; Status Code: 400; Error Code: DisabledException; ...)" (the AWS GovCloud (US) user
      guide, on the root user's access keys).
    """
    of_the_key = "KMS" in f"{code} {message}" or "kms:" in message
    match code:
        case "AccessDeniedException" if of_the_key and "secretsmanager:" not in message:
            problem = f"the function may not read it: KMS does not let it use the key; {_CHECK_KEY}"
        case "AccessDeniedException":
            problem = "the function may not read it: check CredentialsSecretArn and CredentialsKeyArn"
        case "ResourceNotFoundException":
            problem = _not_found(message, stage)
        case "InvalidRequestException" if any(text in message for text in _DELETED):
            problem = "it is marked for deletion: restore it"
        case "InvalidRequestException" if not of_the_key:
            problem = f"Secrets Manager does not return it; {_reason(message)}"
        case "DecryptionFailure" | "InvalidRequestException":
            problem = f"its KMS key does not decrypt it: {_CHECK_KEY}; {_reason(message)}"
        case _:
            return None
    return problem


def _not_found(message: str, stage: str) -> str:
    if "secret value" not in message:
        return "there is no secret of this name: check CredentialsSecretArn"
    if stage == CURRENT:
        return "it has no current version yet: store a value"
    return f"it has no version with the label {stage}"


def _reason(message: str) -> str:
    """Quote AWS. Its message may name the secret and its key, and never shows the content."""
    if not message:
        return "AWS gives no reason"
    shown = _NOT_PRINTABLE.sub("?", message.replace("\u2019", "'"))
    return f"AWS says: {shown[:_MAX_REASON]}{'...' if len(shown) > _MAX_REASON else ''}"
