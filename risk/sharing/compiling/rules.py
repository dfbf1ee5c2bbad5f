"""Rules of claims over compiled programs: what revenue may not return, who may stand behind whom, and when."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from risk.sharing.blocks import Cap, Condition, Facility, IntoPot, Node, Seq, Share, To, When
from risk.sharing.compiling.grants import check_payees, check_repayment
from risk.sharing.errors import TermsError
from risk.sharing.model import EXIT_KINDS, GUIDANCE_KINDS, Model


def children(node: Node) -> tuple[Node, ...]:
    """Return the blocks directly inside a block."""
    if isinstance(node, Seq):
        return node.blocks
    if isinstance(node, Share):
        return tuple(leg.then for leg in node.legs)
    if isinstance(node, (Cap, Facility)):
        return (node.then,)
    if isinstance(node, When):
        return (node.then,) if node.otherwise is None else (node.then, node.otherwise)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a block and everything inside it."""
    yield node
    for child in children(node):
        yield from walk(child)


def programs(model: Model) -> list[Node]:
    """Return every program: operating, exit, the channels of recoveries and the parts."""
    roots = [node for node in (model.operating, model.exit) if node is not None]
    roots += list(model.recoveries.channels.values()) if model.recoveries else []
    return roots + list(model.pots.values())


def order_pots(parts: dict[str, Node]) -> list[str]:
    """Return the parts in the order of the document, each after those that feed it, or raise ``circular_reference``."""
    feeds = {name: {node.pot for node in walk(root) if isinstance(node, IntoPot)} for name, root in parts.items()}
    waiting, done = list(parts), []
    while waiting:
        ready = next((name for name in waiting if not any(name in feeds[other] for other in waiting)), None)
        if ready is None:
            raise TermsError(
                "circular_reference",
                f"The parts {', '.join(waiting)} feed each other in a circle.",
                f"pots.{waiting[0]}.program",
            )
        waiting.remove(ready)
        done.append(ready)
    return done


def check(model: Model) -> None:
    """Check the rules of instruments and claims; see design "Claims", Rules of instruments."""
    _no_capital_from_revenue(model)
    _legal_basis_of_debts(model)
    check_payees(model, _leaves(model))
    for name, root in (("operating", model.operating), ("exit", model.exit)):
        # A project repays by its own payments; terms without an exit end in none.
        if root is not None or name == "operating":
            check_repayment(model, name, _leaves_below(model, root))
    for context in EXIT_KINDS:
        _subordination(model, context)


def concession_caps(model: Model) -> dict[str, Fraction]:
    """Return for each party that may concede the smallest share of its own gain stated as its cap."""
    caps: dict[str, Fraction] = {}
    for leaf in _leaves(model):
        if leaf.conceded_by and leaf.cap_share_of_gain is not None:
            caps[leaf.conceded_by] = min(leaf.cap_share_of_gain, caps.get(leaf.conceded_by, Fraction(1)))
    return caps


def _leaves(model: Model) -> Iterator[To]:
    for root in programs(model):
        for node in walk(root):
            if isinstance(node, To):
                yield node


def _leaves_below(model: Model, root: Node | None) -> Iterator[To]:
    for part in (root, *model.pots.values()):
        for node in walk(part) if part is not None else ():
            if isinstance(node, To):
                yield node


def _no_capital_from_revenue(model: Model) -> None:
    if model.operating is None:
        return
    roots = [model.operating]
    for root in roots:
        for node in walk(root):
            if isinstance(node, IntoPot):
                roots.append(model.pots[node.pot])
            if isinstance(node, To) and node.settles is not None and node.settles.kind == "capital":
                raise TermsError(
                    "capital_from_revenue",
                    f"{node.path} returns capital out of revenue, which would withdraw contributed capital.",
                    node.path,
                )


def _legal_basis_of_debts(model: Model) -> None:
    wanted = {
        "interest_due": ("loan_interest", "insurance_indemnity", "assignment"),
        "grant_due": ("conditional_grant",),
        "capital": ("capital_reduction", "share_sale", "liquidation_surplus", "partnership_distribution"),
    }
    for leaf in _leaves(model):
        kind = leaf.settles.kind if leaf.settles else None
        if kind in wanted and leaf.legal_basis not in wanted[kind]:
            raise TermsError(
                "legal_basis_does_not_fit",
                f"{leaf.path} settles {kind} on the basis '{leaf.legal_basis}'; it must be one of "
                f"{', '.join(wanted[kind])}.",
                f"{leaf.path}.legal_basis",
            )
        if kind == "capital" and model.parties[leaf.party].kind in ("bank", "insurer"):
            raise TermsError(
                "bank_holds_no_equity", f"{leaf.path}: a bank or an insurer holds no equity here.", leaf.path
            )


def _holds(condition: Condition, context: str) -> bool | None:
    """Say whether a condition holds by the kind of exit alone; None where something else decides."""
    if condition.kind == "exit_kind":
        return bool(condition.value == context)
    if condition.kind == "not":
        inner = _holds(condition.parts[0], context)
        return None if inner is None else not inner
    if condition.kind in ("all", "any"):
        results = [_holds(part, context) for part in condition.parts]
        decisive = condition.kind == "any"
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    return None


def _subordination(model: Model, context: str) -> None:
    """Refuse public capital that stands behind private capital outside liquidation, or without an approval."""
    if model.exit is None:
        return
    found: dict[str, tuple[int, To, str | None]] = {}

    def visit(node: Node, place: int, approval: str | None) -> int:
        if isinstance(node, To):
            # A part may be fed by several tiers; its capital is returned by the first that reaches it.
            first = node.path not in found or place < found[node.path][0]
            if first and node.settles is not None and node.settles.kind == "capital":
                found[node.path] = (place, node, node.approval or approval)
            return place
        if isinstance(node, IntoPot):
            return visit(model.pots[node.pot], place, approval)
        if isinstance(node, Seq):
            for block in node.blocks:
                place = visit(block, place, approval) + 1
            return place
        if isinstance(node, When):
            holds = _holds(node.condition, context)
            inner = node.approval or approval
            branches = [node.then] if holds else [] if holds is False else [node.then]
            if holds is not True and node.otherwise is not None:
                branches.append(node.otherwise)
            return max([visit(branch, place, inner) for branch in branches], default=place)
        return max([visit(child, place, approval) for child in children(node)], default=place)

    visit(model.exit, 0, None)
    private = [place for place, leaf, _ in found.values() if model.parties[leaf.party].kind not in GUIDANCE_KINDS]
    for place, leaf, approval in found.values():
        if model.parties[leaf.party].kind not in GUIDANCE_KINDS or not private or place <= min(private):
            continue
        if context != "liquidation":
            raise TermsError(
                "guidance_subordinated_outside_liquidation",
                f"{leaf.path}: a guidance fund may stand behind private capital in liquidation only.",
                leaf.path,
            )
        if approval is None:
            raise TermsError(
                "approval_required",
                f"{leaf.path}: a guidance fund stands behind private capital only with an approval.",
                leaf.path,
            )
