"""Explain: a claimed split beside the settled one, and the other readings of the terms that would give it.

:func:`risk.sharing.readings.explain.explain` settles the log under the terms, compares, and then settles it again under
each alternative that the terms themselves hold: ``declarations`` knows those of accruals, loans, hurdles and rounding,
``programs`` those of the blocks and amounts, ``log`` those of the dates and reports.
"""
