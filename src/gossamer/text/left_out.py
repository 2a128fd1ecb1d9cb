"""What is left out of a file, told record by record up to a bound, so that no file of bad records floods the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

MOST = 1000
"""Records of one file that are told of one by one; of the others only how many they are."""

_RECORD = re.compile(r"(.+):(?:\w+ )?\d+", re.DOTALL)  # a.csv:7, a.mbox:message 7, a.pdf:page 7


class LeftOut:
    """Tells of what is left out of one file, or of an archive.

    Args:
        tell: Called with the place and the reason.

    Example:
        >>> left_out = LeftOut(print)
        >>> left_out("a.csv:7", "3 values for 2 columns")
        a.csv:7 3 values for 2 columns
        >>> left_out.close()
    """

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._records: Counter[str] = Counter()

    def __call__(self, where: str, reason: str) -> None:
        """Tell of one record of the file, or of anything else in it."""
        if record := _RECORD.fullmatch(where):
            self._records[record[1]] += 1
            if self._records[record[1]] > MOST:
                return
        self._tell(where, reason)

    def close(self) -> None:
        """Tell how many records more were left out."""
        for file, count in self._records.items():
            if count > MOST:
                self._tell(file, f"{count - MOST:,} more records cannot be read")
