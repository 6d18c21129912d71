"""The one error that says: this can be mended by whoever typed the command."""


class UserError(ValueError):
    """A mistake of the user, in one line: what was given, what is accepted, what to do.

    The launch scripts print the line and exit with code 2. Every other exception is a
    bug and keeps its traceback.
    """
