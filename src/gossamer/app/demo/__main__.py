"""``python -m gossamer.app.demo``: play the acts, write the report, say which promises were kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gossamer.app.cli.frame import INTERRUPTED
from gossamer.app.cli.output import Output
from gossamer.app.demo.offline import block_network, is_blocked
from gossamer.app.demo.report import write_report
from gossamer.app.demo.script import ACTS, Act, perform
from gossamer.app.demo.stage import Stage
from gossamer.app.demo.terminal import show_act, show_scoreboard
from gossamer.errors import GossamerError


def main(arguments: Sequence[str] | None = None, acts: Sequence[Act] = ACTS) -> int:
    """Run the demo.

    Args:
        arguments: Of the command line; by default those of the process.
        acts: What is played.

    Returns:
        The exit code: 1 when a promise was not kept or something failed, else 0.
    """
    options = _options(arguments)
    out = Output(json=options.json)
    folder = Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(folder, rounds=20 if options.slow else 5)
        performance = perform(stage, lambda played: None if out.is_json else show_act(out, played), acts)
        report = write_report(performance, folder)
    except (GossamerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    if out.is_json:
        out.document({**performance.to_dict(), "report": str(report)})
    else:
        show_scoreboard(out, performance)
        out.line(f"  {report}")
    for promise in performance.broken:
        print(f"not kept on this machine: {promise.text} ({promise.evidence})", file=sys.stderr)
    return 1 if performance.broken else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    about = "Index and search the documentation of your own Python; every number is measured while you watch."
    parser = argparse.ArgumentParser("python -m gossamer.app.demo", description=about)
    parser.add_argument("-o", "--output", metavar="DIR", default="demo", help="where to write (default: demo)")
    parser.add_argument("--slow", action="store_true", help="repeat every timing 20 times instead of 5")
    parser.add_argument("--json", action="store_true", help="print the scoreboard as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its code
    block_network()
    assert is_blocked()
    sys.exit(main())
