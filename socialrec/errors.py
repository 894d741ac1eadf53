"""Errors that are for people: one line that says what is wrong, where, and what to do."""


class UserError(Exception):
    """A mistake that its reader can mend. Programs print the message alone and exit with code 2."""


class AwayError(UserError):
    """A server that a program needs is in trouble: trying again may help before anybody mends it. Exit code 75."""
