"""How the marketplace behaves where reports about Walmart differ."""

from dataclasses import dataclass, field
from typing import Literal

type Market = Literal["ca", "us"]
type Scheme = Literal["signature", "token"]
type Form = Literal["xml", "json"]
type Severity = Literal["INFO", "ERROR", "absent"]
type Cursors = Literal["keeping", "counting"]


@dataclass(slots=True)
class Variants:
    """The chosen variants, which may change at any time.

    Attributes:
        market: The market of the sellers and their orders, which does not change. The Canadian API serves
            only Canadian sellers.
        expired_token_status: Both are reported of the United States: fulfilio's python-walmart was written
            for 400 and INVALID_TOKEN, and one of its users got 401 (its pull request 19).
        empty_list_status: The status of the response to an empty list. Sellers report both.
        cursors: What a cursor contains: the last order of its page ("keeping"), as in Walmart's own example,
            or the number of orders up to there ("counting"), as clients report. With the latter, orders are
            on no page when others leave the list while its pages are read.
        released_by_token_fails: Whether each call with a token for the list of released orders gets 520, as
            the one live Canadian seller that reported on it got. The list of all orders still works.
        unknown_path_severity: The severity in the response to a path that is not served. No source states it.
        withdrawn: The schemes whose API is not served: each of its paths is unknown.
        unreadable: The orders whose entry is broken in every response; everything around it stays valid.
    """

    market: Market = "ca"
    expired_token_status: Literal[400, 401] = 401
    empty_list_status: Literal[200, 404] = 404
    cursors: Cursors = "keeping"
    released_by_token_fails: bool = False
    unknown_path_severity: Severity = "INFO"
    withdrawn: set[Scheme] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
