"""The commands of `socialrec`, and what they print.

A command parses arguments and calls the library; the work is done there.
"""

from socialrec.cli.main import main

__all__ = ["main"]
