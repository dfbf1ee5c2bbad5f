"""``python -m risk``: reads a file or ``-``, writes JSON; bad input ends with exit 2 and one JSON error object."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from risk.commands import NAMES, available_commands, load_command
from risk.commands.reading import read_payload
from risk.errors import RiskError

EXIT_BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is a :class:`RiskError` instead of text on standard error."""

    def error(self, message: str) -> NoReturn:
        raise RiskError(f"{message[:1].upper()}{message[1:]}.", code="invalid_arguments", field="arguments")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit code: 0, or 2 for bad input."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        answer = _answer(list(sys.argv[1:] if argv is None else argv))
    except RiskError as error:
        _write(sys.stderr, {"error": error.to_dict()})
        return EXIT_BAD_INPUT
    return _write_answer(answer)


def _answer(argv: list[str]) -> Any:
    if argv and argv[0] in NAMES:
        return _run(argv[0], argv[1:])
    parser = _Parser(prog="python -m risk", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser, metavar="COMMAND")
    for name in available_commands():
        commands.add_parser(name, help=load_command(name).SUMMARY)
    for name, text in (
        ("schema", "JSON Schema of a sub-command's input and output"),
        ("example", "a valid input"),
    ):
        commands.add_parser(name, help=text).add_argument("name", choices=available_commands())
    arguments = parser.parse_args(argv)
    command = load_command(arguments.name)
    if arguments.command == "example":
        return command.EXAMPLE
    return {"name": command.NAME, "input": command.INPUT_SCHEMA, "output": command.OUTPUT_SCHEMA}


def _run(name: str, argv: list[str]) -> Any:
    command = load_command(name)
    parser = _Parser(prog=f"python -m risk {name}", description=command.SUMMARY)
    parser.add_argument("input", help="a file, or - for standard input")
    command.add_arguments(parser)
    arguments = parser.parse_args(argv)
    if hasattr(command, "read"):
        return command.run(arguments, command.read(arguments))
    payload = read_payload(arguments.input, command.INPUT_SCHEMA, accepts_csv=getattr(command, "ACCEPTS_CSV", False))
    return command.run(arguments, payload)


def _write_answer(answer: Any) -> int:
    try:
        _write(sys.stdout, answer)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has gone (as in `| head`): keep the interpreter from complaining again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _write(stream: TextIO, value: Any) -> None:
    stream.write(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
