"""Sub-commands of ``python -m risk``: the contract every command module keeps, and how they are found.

A command module ``risk/commands/<name>.py`` has

``NAME : str``
    The name of the sub-command, equal to the module's name.
``SUMMARY : str``
    One sentence saying what goes in and what comes out (shown in the help and in ``docs/cli.md``).
``INPUT_SCHEMA, OUTPUT_SCHEMA : dict``
    JSON Schema (draft 2020-12) of the input and of the output. The input is checked against its schema *before*
    ``run`` is called; a violation ends with exit 2 and names the path.
``EXAMPLE : dict | list``
    A valid input; a test runs it and checks the output against ``OUTPUT_SCHEMA``.
``NOTES : tuple[str, ...]``, optional
    Paragraphs of Markdown that close its section of ``docs/cli.md``.
``EXAMPLE_ARGUMENTS : tuple[str, ...]``, optional
    Options the example needs, such as ``("--target", "failed")``.
``ACCEPTS_CSV : bool``, optional
    True where rows may come as CSV (cells are converted by the types of ``INPUT_SCHEMA["items"]["properties"]``;
    an empty cell is an absent key). Default False: JSON only.
``add_arguments(parser)``
    Adds options to an ``argparse`` parser. The positional ``input`` (a file or ``-``) is added by ``__main__``.
``read(arguments) -> payload``, optional
    Reads the input where it can be more than one file, checked against ``INPUT_SCHEMA`` as well.
``run(arguments, payload) -> dict | list``
    Computes the answer (JSON-ready, no NaN) from the parsed options and the checked input. Bad input raises
    :class:`risk.errors.RiskError`.

A module imports numpy, scipy or scikit-learn only inside functions, so that ``schema`` and ``example`` stay fast.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from risk.errors import InvalidParameterError

NAMES: tuple[str, ...] = ("score", "train", "evaluate", "price", "settle", "explain", "simulate", "structure")


def available_commands() -> tuple[str, ...]:
    """Return the names of the sub-commands whose module is present, in their fixed order."""
    return tuple(name for name in NAMES if importlib.util.find_spec(f"{__name__}.{name}") is not None)


def load_command(name: str) -> Any:
    """Return the command module called `name`.

    Parameters
    ----------
    name : str
        One of :func:`available_commands`.

    Returns
    -------
    module
        The imported command module.

    Raises
    ------
    InvalidParameterError
        With code ``unknown_command`` where there is no such sub-command.
    """
    present = available_commands()
    if name not in present:
        allowed = "one of " + ", ".join(present)
        raise InvalidParameterError("command", name, allowed, code="unknown_command")
    return importlib.import_module(f"{__name__}.{name}")
