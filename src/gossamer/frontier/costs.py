"""What a cost is counted in: every cost name ends in its unit, so that no figure stands without one."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from gossamer.errors import UsageError

UNITS = {
    "ns": "ns", "us": "µs", "ms": "ms", "s": "s", "min": "min", "h": "h",
    "bytes": "bytes", "kib": "KiB", "mib": "MiB", "gib": "GiB",
    "flops": "FLOPs", "gflops": "GFLOPs", "macs": "MACs", "joules": "J",
    "tokens": "tokens", "passages": "passages", "documents": "documents", "parameters": "parameters",
    "steps": "steps", "trials": "trials", "postings": "postings",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost and its unit, read from a name such as ``latency_us`` or ``peak_memory_bytes``.

    Args:
        name: As given.
        quantity: The name without its unit, in words; empty when the name is the unit itself (``tokens``).
        unit: A key of ``UNITS``.

    Example:
        >>> str(Cost.parse("peak_memory_mib")), Cost.parse("latency_us").format(1234.5)
        ('peak memory (MiB)', '1230 µs')
    """

    name: str
    quantity: str
    unit: str

    @classmethod
    def parse(cls, name: str) -> Cost:
        """Read a cost name.

        Raises:
            UsageError: The name does not end in a known unit.
        """
        quantity, _, unit = name.rpartition("_")
        if unit in UNITS:
            return cls(name, quantity.replace("_", " ").strip(), unit)
        close = get_close_matches(unit.lower(), UNITS, n=1)
        hint = f"; did you mean {f'{quantity}_{close[0]}'.strip('_')!r}?" if close else f": {', '.join(UNITS)}"
        raise UsageError(f"the cost {name!r} does not end in a unit, as latency_us does{hint}")

    def format(self, value: float) -> str:
        """The value with three significant digits and its unit."""
        return f"{format_number(value)} {UNITS[self.unit]}"

    def __str__(self) -> str:
        return f"{self.quantity} ({UNITS[self.unit]})" if self.quantity else UNITS[self.unit]


def format_number(value: float) -> str:
    """Three significant digits, without an exponent between a thousandth and a billion.

    Example:
        >>> format_number(0.37441), format_number(1234.5), format_number(12.0)
        ('0.374', '1230', '12')
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if 1e3 <= abs(rounded) < 1e9 else f"{rounded:.3g}"
