"""Templates of royalties: a licence with an entry fee, and a share of revenue up to a cap."""

from __future__ import annotations

from typing import Any

from risk.sharing.errors import TermsError
from risk.sharing.templates import programs
from risk.sharing.templates.joint_pilot import check_keys, due_on, finish, heading

Json = dict[str, Any]


def licence(parameters: Json) -> Json:
    """Return terms of a technology licence: an entry fee, then a royalty on what is reported.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project`` (the licensee) and ``licensor`` (``id``, ``name``, ``kind``, by default
        ``university``), ``milestones``, ``entry_fee_minor``, ``base`` (what the royalty is counted on, in both
        languages), ``contract``, and either ``royalty_rate`` (decimal text) or ``bands`` and ``mode`` as in
        ``docs/terms.md``. Optional: ``entry_fee_milestone`` (else the fee is due on activation),
        ``entry_fee_credited`` (true: the fee is an advance on the royalty), ``cap_minor`` (most royalty in all),
        ``invented``.

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.
    """
    required = ("title", "currency", "project", "licensor", "milestones", "entry_fee_minor", "base", "contract")
    optional = ("royalty_rate", "bands", "mode", "entry_fee_milestone", "entry_fee_credited", "cap_minor", "invented")
    check_keys(parameters, required, optional)
    licensor, project = parameters["licensor"], parameters["project"]
    people = ((licensor, licensor.get("kind", "university")), (project, "project"))
    credited = parameters.get("entry_fee_credited", False)
    if not isinstance(credited, bool):
        raise TermsError("bad_parameters", "entry_fee_credited must be true or false.", "entry_fee_credited")
    terms: Json = {
        **heading(parameters, project, people),
        "milestones": parameters["milestones"],
        "claims": [
            {
                "id": programs.ENTRY_FEE,
                "party": licensor["id"],
                "amount_minor": parameters["entry_fee_minor"],
                "due_on": due_on(parameters.get("entry_fee_milestone")),
                "name": {"zh": "入门费", "en": "entry fee"},
            }
        ],
        "revenue_share": {**_share(parameters), **({"advance": programs.ENTRY_FEE} if credited else {})},
        "programs": {"operating": programs.royalty(licensor["id"], parameters["contract"])},
    }
    return finish(terms, parameters)


def royalty_to_cap(parameters: Json) -> Json:
    """Return terms of a share of revenue that ends once a fixed amount has been paid.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project``, ``receiver`` (``id``, ``name``, ``kind``, by default ``pilot_centre``),
        ``milestones``, ``base`` (in both languages), ``contract``, ``cap_minor`` (all that is paid, minor units), and
        either ``royalty_rate`` (decimal text) or ``bands`` and ``mode``. Optional: ``invented``.

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.

    Notes
    -----
    All that is paid is the cap exactly: the last payment is cut (invariant I19 of the design).
    """
    required = ("title", "currency", "project", "receiver", "milestones", "base", "contract", "cap_minor")
    check_keys(parameters, required, ("royalty_rate", "bands", "mode", "invented"))
    receiver, project = parameters["receiver"], parameters["project"]
    people = ((receiver, receiver.get("kind", "pilot_centre")), (project, "project"))
    terms: Json = {
        **heading(parameters, project, people),
        "milestones": parameters["milestones"],
        "revenue_share": _share(parameters),
        "programs": {"operating": programs.to(receiver["id"], "service_fee", 3, contract=parameters["contract"])},
    }
    return finish(terms, parameters)


def _share(parameters: Json) -> Json:
    """Return the declaration of what is due of a report: one rate, or bands, with a cap where there is one."""
    if ("royalty_rate" in parameters) == ("bands" in parameters):
        raise TermsError("bad_parameters", "Give exactly one of royalty_rate and bands.", "royalty_rate")
    if "bands" in parameters:
        rates: Json = {"bands": parameters["bands"], "mode": parameters.get("mode", "marginal")}
    else:
        rates = {"rate": parameters["royalty_rate"]}
    cap = {"cap_minor": parameters["cap_minor"]} if "cap_minor" in parameters else {}
    return {**rates, "base": parameters["base"], **cap}
