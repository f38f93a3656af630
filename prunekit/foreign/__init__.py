"""Files from anywhere, read in a child process that knows no torch, calls nothing in them and has limits.

The parent asks (``asking``), a small server (``server``) forks a child for every file, the child looks at what the
file claims before it reads anything (``archive``, ``opcodes``, ``description``) and answers with places in the file or
with a file written anew. What crosses back is JSON and plain bytes.
"""

from prunekit.foreign.asking import Answer, ask
from prunekit.foreign.limits import LIMITED, NOTE

__all__ = ["LIMITED", "NOTE", "Answer", "ask"]
