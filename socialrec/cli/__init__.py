"""Commands of `socialrec`, and their output.

A command parses arguments and calls the library, which does the work.
"""

from socialrec.cli.main import main

__all__ = ["main"]
