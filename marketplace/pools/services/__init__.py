"""Use cases of pools: the register and its money, filings in their order, what agreements use up."""

from marketplace.pools.services.filings import file_claim, refuse_filing, withdraw_filing
from marketplace.pools.services.register import add_bank, contribute, open_pool, reverse_contribution
from marketplace.pools.services.use import record_compensation, record_return, take_turn, undo_compensation

__all__ = [
    "add_bank",
    "contribute",
    "file_claim",
    "open_pool",
    "record_compensation",
    "record_return",
    "refuse_filing",
    "reverse_contribution",
    "take_turn",
    "undo_compensation",
    "withdraw_filing",
]
