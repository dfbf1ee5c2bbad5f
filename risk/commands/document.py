"""``docs/cli.md`` from the schemas and examples: ``python -m risk.commands.document > docs/cli.md``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from risk.commands import available_commands, load_command

_HEAD = """# The command line of the quantitative core

Made from the schemas by `python -m risk.commands.document`; do not edit by hand.

Every sub-command reads a file or `-` (standard input) and writes JSON to standard output. CSV is read where it is said
so; an empty cell is an absent value. Bad input ends with exit 2 and one object on standard error, nothing is written:

```json
{"error": {"code": "out_of_range", "message": "...", "field": "rows[0].trl_start", "details": {}}}
```

`python -m risk schema NAME` prints the whole JSON Schema of input and output, `python -m risk example NAME` a valid
input.
"""
_EXAMPLE_LINES = 24


def render() -> str:
    """Return the document as Markdown."""
    return _HEAD + "".join(_section(load_command(name)) for name in available_commands())


def _section(command: Any) -> str:
    reads = "CSV or JSON" if getattr(command, "ACCEPTS_CSV", False) else "JSON"
    lines = [f"\n## {command.NAME}\n", f"\n{command.SUMMARY}\n", f"\nReads {reads}.\n\n", "```\n"]
    lines.append(_usage(command))
    lines.append("```\n")
    lines.append(_options(command))
    lines.append(_properties("Input", command.INPUT_SCHEMA))
    lines.append(_properties("Output", command.OUTPUT_SCHEMA))
    lines.append(_example(command))
    lines.extend(f"\n{note}\n" for note in getattr(command, "NOTES", ()))
    return "".join(lines)


def _usage(command: Any) -> str:
    parts = [f"python -m risk {command.NAME} INPUT"]
    for action in _actions(command):
        text = action.option_strings[-1]
        if action.nargs != 0:
            text += f" {action.metavar or action.dest.upper()}"
        parts.append(text if action.required else f"[{text}]")
    return " ".join(parts) + "\n"


def _options(command: Any) -> str:
    actions = _actions(command)
    if not actions:
        return ""
    rows = "".join(f"| `{action.option_strings[-1]}` | {_cell(_help(action))} |\n" for action in actions)
    return f"\n| option | meaning |\n| --- | --- |\n{rows}"


def _help(action: argparse.Action) -> str:
    """Its help, the values it takes, and whether it may be given more than once."""
    text = action.help or ""
    if action.choices:
        text += ": " + ", ".join(f"`{choice}`" for choice in action.choices)
    return f"{text}; may be repeated" if isinstance(action, argparse._AppendAction) else text


def _actions(command: Any) -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    return [action for action in parser._actions if action.option_strings]


def _properties(title: str, schema: dict[str, Any]) -> str:
    shape = _resolve(schema, schema)
    is_list = shape.get("type") == "array"
    one = _resolve(shape.get("items", {}), schema) if is_list else shape
    properties = one.get("properties", {})
    head = f"\n{title}: {'a list of objects' if is_list else 'one object'}"
    if not properties:
        return f"{head} ({schema.get('title', 'see the schema')}).\n"
    required = set(one.get("required", ()))
    rows = "".join(
        f"| `{name}`{' *' * (name in required)} | {_cell(_type(_resolve(value, schema)))} | {_meaning(value)} |\n"
        for name, value in properties.items()
    )
    return f"{head}; * is required.\n\n| key | type | meaning |\n| --- | --- | --- |\n{rows}"


def _resolve(part: Any, whole: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(part, dict):
        return {}
    if str(part.get("$ref", "")).startswith("#/"):
        target: Any = whole
        for key in part["$ref"][2:].split("/"):
            target = target[key]
        return _resolve(target, whole)
    for word in ("oneOf", "anyOf"):
        if word in part and "type" not in part:
            return _resolve(part[word][0], whole)
    return part


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join("null" if value is None else str(value) for value in schema["enum"])
    types = schema.get("type", "any")
    text = types if isinstance(types, str) else " or ".join(types)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{text}, {low} to {high}"
    return text if low is None else f"{text}, at least {low}"


def _meaning(schema: Any) -> str:
    return _cell(schema.get("description", "")) if isinstance(schema, dict) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _example(command: Any) -> str:
    text = json.dumps(command.EXAMPLE, ensure_ascii=False, indent=2)
    if text.count("\n") > _EXAMPLE_LINES:
        return f"\nA valid input: `python -m risk example {command.NAME}`.\n"
    return f"\nA valid input:\n\n```json\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(render())
