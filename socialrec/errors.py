"""Errors for people: one line with the cause, the place and the remedy."""

EXIT_USER_ERROR = 2


class UserError(Exception):
    """Error that its reader can correct. Programs print the message alone and exit with code 2."""


class ServiceUnavailableError(UserError):
    """Failure of a server that a program needs; a later try may succeed. Exit code 75."""
