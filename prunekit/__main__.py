"""``python -m prunekit``: the verbs without a screen."""

import sys

from prunekit.cli import main

if __name__ == "__main__":
    sys.exit(main())
