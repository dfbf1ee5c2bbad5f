"""Reading a terms document: declarations, programs, the rules of claims, and a compiled model to run."""

from __future__ import annotations

from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.canonical import normalise
from risk.sharing.compiling import declarations, rules
from risk.sharing.compiling.programs import Compiler
from risk.sharing.errors import TermsError
from risk.sharing.model import Model
from risk.sharing.quorum import read_quorum

CURRENCIES = ("CNY", "USD", "EUR", "HKD", "JPY")
DAY_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
REQUIRED = ("schema", "currency", "day_zone", "project", "parties", "programs")
OPTIONAL = (
    "title",
    "rounding",
    "approvals",
    "milestones",
    "flags",
    "instruments",
    "tranches",
    "accruals",
    "hurdles",
    "claims",
    "limits",
    "policies",
    "pots",
    "revenue_share",
    "invented",
    "amendment",
)
PROGRAMS = ("operating", "exit", "recoveries")


def validate_terms(terms: Any) -> None:
    """Check a terms document.

    Parameters
    ----------
    terms : dict
        The document (``docs/terms.md``).

    Raises
    ------
    TermsError
        With a stable ``code``, the clause path in ``field`` and a sentence in ``message``.
    """
    compile_terms(terms)


def compile_terms(terms: Any) -> Model:
    """Check a terms document and return the model the interpreter runs.

    Raises
    ------
    TermsError
        As :func:`validate_terms`.
    """
    try:
        document = normalise(terms)
    except RiskError as error:
        code = "float_in_amount" if error.code == "float_in_document" else error.code
        raise TermsError(code, error.message, error.field or "terms") from error
    except RecursionError as error:
        raise TermsError("too_deep", "The terms are nested too deeply to read.", "terms") from error
    document = reading.mapping(document, "terms", REQUIRED, OPTIONAL)
    if document["schema"] != 1 or isinstance(document["schema"], bool):
        raise TermsError("unknown_schema", "terms.schema must be 1.", "schema")
    reading.choice(document["day_zone"], "day_zone", DAY_ZONES)
    if document["currency"] not in CURRENCIES:
        raise TermsError("wrong_currency", f"currency must be one of {', '.join(CURRENCIES)}.", "currency")
    if "title" in document:
        reading.bilingual(document["title"], "title")
    if "invented" in document:
        reading.bilingual(document["invented"], "invented")
    rounding = reading.choice(document.get("rounding", "half_even"), "rounding", ("half_even", "half_up"))
    model = Model(document["currency"], rounding, reading.identifier(document["project"], "project"))
    declarations.read_all(model, document)
    if "revenue_share" in document:
        model.revenue_share = declarations.read_revenue_share(model, document["revenue_share"])
    if "amendment" in document:
        model.quorum = read_quorum(model, document["amendment"])
    _programs(model, document)
    rules.check(model)
    model.concession_caps = rules.concession_caps(model)
    return model


def _programs(model: Model, document: dict[str, Any]) -> None:
    pots = document.get("pots", {})
    if not isinstance(pots, dict):
        raise TermsError("not_an_object", "pots must be an object.", "pots")
    for name, data in pots.items():
        reading.identifier(name, f"pots.{name}")
        reading.mapping(data, f"pots.{name}", ("name", "program"))
        model.pot_names[name] = reading.bilingual(data["name"], f"pots.{name}.name")
    compiler = Compiler(model, set(pots))
    programs = reading.mapping(document["programs"], "programs", (), PROGRAMS)
    if not programs:
        raise TermsError("no_program", "programs must hold at least one program.", "programs")
    parts = {name: compiler.block(data["program"], f"pots.{name}.program") for name, data in pots.items()}
    for name in ("operating", "exit"):
        if name in programs:
            node = compiler.block(programs[name], f"programs.{name}")
            if node.bounded:
                raise TermsError(
                    "last_bucket_bounded",
                    f"programs.{name} may leave a part of the pot without a payee.",
                    f"programs.{name}",
                )
            setattr(model, name, node)
    if "recoveries" in programs:
        model.recoveries = compiler.recover(programs["recoveries"], "programs.recoveries")
        for node in model.recoveries.channels.values():
            if node.bounded:
                raise TermsError(
                    "last_bucket_bounded",
                    f"{node.path} may leave a part of the pot without a payee.",
                    node.path,
                )
    for name, node in parts.items():
        if node.bounded:
            raise TermsError(
                "last_bucket_bounded",
                f"pots.{name}.program may leave a part without a payee.",
                f"pots.{name}.program",
            )
    if parts and compiler.profit_counted_at is not None:
        raise TermsError(
            "profit_in_a_part",
            f"{compiler.profit_counted_at} counts profit when it is paid; these terms cannot collect money in parts.",
            compiler.profit_counted_at,
        )
    model.pots = {name: parts[name] for name in rules.order_pots(parts)}
    model.value_names = (*declarations.value_names(model), *compiler.carries)
