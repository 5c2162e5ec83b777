"""The ways pearlite says no. The command line turns each into one sentence and an exit code."""


class InputError(ValueError):
    """The input or the options are wrong; the message says how to mend it (exit code 2)."""


class Refused(RuntimeError):
    """The answer would not be honest; the message says why and what would help (exit code 3)."""
