"""The command line: the same verbs as the screen, as text or JSON.

Each file adds one family of verbs. Everything heavy is imported by the verb that needs it, so that
``--help`` and ``tasks`` answer at once.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from prunekit.cli import (
    adopting,
    app,
    exporting,
    history,
    inspecting,
    planning,
    reading,
    recovering,
    scanning,
    timing,
)
from prunekit.errors import PrunekitError
from prunekit.program.allocator import keep_freed_memory
from prunekit.store.unforeseen import noted

__all__ = ["main"]

FAMILIES = (inspecting, reading, scanning, planning, exporting, recovering, adopting, timing, history, app)
"""In the order in which ``--help`` lists their verbs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0; 1 where a verification failed, no plan meets every target, or PruneKit itself did, whose log one line then
        names; 2 on bad input, after one line that says what to do; as shells say it, 130 where Ctrl+C stopped it and
        141 where nobody reads on.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal or a pipe may know fewer letters than a name has
    options = _parser().parse_args(arguments)
    keep_freed_memory()
    try:
        code = int(options.run(options) or 0)
        sys.stdout.flush()
        return code
    except PrunekitError as error:
        print(f"prunekit: {error}", file=sys.stderr)
        return 2
    except SystemExit as error:  # the network, the data and the metric are other people's code
        print(f"prunekit: code of the project called sys.exit({error.code}); let it raise an error.", file=sys.stderr)
        return 2
    except BrokenPipeError:  # as of `| head -1`; Python would try again at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("prunekit: stopped; what a scan, a plan or a recovery had finished is stored.", file=sys.stderr)
        return 130
    except Exception as error:
        print(f"prunekit: {noted(error, getattr(options, 'workspace', None))}", file=sys.stderr)
        return 1


class Version(argparse.Action):
    """Prints the version; it is looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit."""
        from prunekit import __version__

        print(f"prunekit {__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prunekit",
        description="The mixing desk for neural-network pruning.",
        epilog="Begin with `prunekit app`, or without a screen with `prunekit inspect resnet8`.",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for family in FAMILIES:
        family.add(verbs)
    return parser
