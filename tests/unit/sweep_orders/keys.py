"""The stand-in for the credentials that the sweep's tests share."""

from shared.credentials import Access, NoAccess


class Keys:
    """One key, or a reason why there is none."""

    def __init__(self, access: Access | NoAccess) -> None:
        self._access = access

    def peek(self) -> Access | NoAccess:
        return self._access

    def current(self) -> Access | NoAccess:
        return self._access

    def refused(self, access: Access) -> None:
        """Have nothing to learn."""

    def another(self, refused: Access) -> None:
        """Have no other."""

    def accepted(self, access: Access) -> None:
        """Have nothing to learn."""

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:  # noqa: ARG002 - as the protocol has it
        return purchase_order_id is None

    def path_unknown(self) -> None:
        """Have nothing to learn."""
