"""Templates of bank loans whose loss others share: a chain of guarantors, a risk-compensation pool, or both."""

from __future__ import annotations

from typing import Any

from risk.sharing.templates import programs
from risk.sharing.templates.joint_pilot import assemble, check_guarantee, check_keys

Json = dict[str, Any]
_REQUIRED = ("title", "currency", "project", "founders", "milestones", "calls", "bank")


def guaranteed_loan(parameters: Json) -> Json:
    """Return terms of a bank loan whose loss a chain of guarantors shares with the bank; nobody holds equity.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project``, ``founders``, ``milestones``, ``calls``, ``bank`` and ``guarantee`` as in
        :func:`joint_pilot`. Optional: ``pool``, ``centre``, ``invented``.

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.
    """
    check_keys(parameters, (*_REQUIRED, "guarantee"), ("pool", "centre", "invented"))
    return _loan(parameters)


def pooled_loan(parameters: Json) -> Json:
    """Return terms of a bank loan of whose net principal loss a risk-compensation pool bears a share.

    A limit of the pool that several agreements use up names its register (``shared``: ``register``, ``counts``,
    ``order``); what the register has left is then part of the event that compensates.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project``, ``founders``, ``milestones``, ``calls``, ``bank`` and ``pool`` as in
        :func:`joint_pilot`. Optional: ``guarantee`` (its chain pays before the pool), ``centre``, ``invented``.

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.
    """
    check_keys(parameters, (*_REQUIRED, "pool"), ("guarantee", "centre", "invented"))
    return _loan(parameters)


def _loan(parameters: Json) -> Json:
    whole = {**parameters, "investors": []}
    check_guarantee(whole)
    return assemble(whole, programs.exit_of_a_loan(whole))
