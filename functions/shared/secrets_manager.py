"""The secret, in Secrets Manager."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.credentials import Secret, SecretsUnavailableError, SetupError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_OPERATORS_TURN: Final = {
    "AccessDeniedException": "the function may not read it: check CredentialsSecretArn and CredentialsKeyArn",
    "DecryptionFailure": "its key does not decrypt it: check CredentialsKeyArn",
    "InvalidRequestException": "it is marked for deletion",
    "ResourceNotFoundException": "there is none of this name: check CredentialsSecretArn",
}


class SecretsManagerStore:
    """The secret as Secrets Manager has it now."""

    def __init__(self, secrets_manager: "SecretsManagerClient", secret_arn: str) -> None:
        """Read `secret_arn` through `secrets_manager`."""
        self._secrets_manager = secrets_manager
        self._secret_arn = secret_arn

    def read(self, stage: str) -> Secret:
        """Read the version with a staging label, `AWSCURRENT` or `AWSPREVIOUS`.

        Raises:
            SetupError: There is none, it may not be read, or it is no text.
            SecretsUnavailableError: Secrets Manager did not answer.
        """
        try:
            answer = self._secrets_manager.get_secret_value(SecretId=self._secret_arn, VersionStage=stage)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _OPERATORS_TURN:
                raise SetupError(f"secret: {_OPERATORS_TURN[code]}") from error
            raise SecretsUnavailableError(code) from error
        except BotoCoreError as error:
            raise SecretsUnavailableError(type(error).__name__) from error
        if "SecretString" not in answer:
            raise SetupError("secret: must be a JSON text, not binary")
        return Secret(answer["SecretString"], answer["VersionId"])
