"""Months, slip, cost growth and loss: the tables where own outcomes are few, the truth recovered where many."""

import numpy as np
import pytest

from risk.errors import InvalidParameterError
from risk.scoring.hazard import LEVELS, Spell, fit_hazard
from risk.scoring.outlook import cost_growth_outlook, loss_given_failure, months_for_level, slip_outlook
from risk.scoring.two_part import fit_cost_growth, fit_loss, fit_slip


def log_normal_spells(level, median, sigma, n, *, censored_at=None, seed=1):
    months = np.random.default_rng(seed).lognormal(np.log(median), sigma, n)
    limit = np.inf if censored_at is None else censored_at
    return [Spell(level, float(min(value, limit)), bool(value <= limit)) for value in months]


@pytest.mark.parametrize("level", LEVELS)
def test_without_own_spells_the_hazard_repeats_the_table(level):
    model, table = fit_hazard(), months_for_level(level)
    for quantile in (50, 80):
        # a common shape for all levels and periods of three months: within two months or 15 %
        assert model.months(level, quantile) == pytest.approx(table[f"months_{quantile}"], rel=0.15, abs=2.0)
    assert model.describe()[str(level)]["state"] == "prior_only"
    left = model.survival(level)
    assert np.all(np.diff(left) <= 0.0)
    assert left[-1] < 0.02


def test_many_own_spells_move_the_level_they_are_of_and_hardly_the_others():
    model = fit_hazard(log_normal_spells(6, 40.0, 0.77, 400))
    assert model.months(6, 50) == pytest.approx(40.0, rel=0.1)
    assert model.months(6, 80) == pytest.approx(40.0 * np.exp(0.77 * 0.8416), rel=0.15)
    # the shape over time is common to all levels, so that the others move a little too
    for level in (1, 3, 5, 8):
        assert model.months(level, 50) == pytest.approx(fit_hazard().months(level, 50), rel=0.2)
    assert model.describe()["6"] == {**model.describe()["6"], "n": 400, "state": "supported"}
    assert model.describe()["5"]["state"] == "prior_only"


def test_spells_cut_off_before_the_level_was_passed_do_not_shorten_the_months():
    whole = fit_hazard(log_normal_spells(6, 30.0, 0.77, 400, seed=3))
    cut = fit_hazard(log_normal_spells(6, 30.0, 0.77, 400, seed=3, censored_at=24.0))
    naive = fit_hazard([Spell(6, min(s.months, 24.0), True) for s in log_normal_spells(6, 30.0, 0.77, 400, seed=3)])
    assert cut.months(6, 50) == pytest.approx(whole.months(6, 50), rel=0.15)
    assert naive.months(6, 50) < 0.8 * whole.months(6, 50)


@pytest.mark.parametrize(
    "spell", [Spell(0, 5.0, True), Spell(9, 5.0, True), Spell(5, 0.0, True), Spell(5, -1.0, False)]
)
def test_spells_that_cannot_be_are_refused(spell):
    with pytest.raises(InvalidParameterError) as error:
        fit_hazard([Spell(5, 12.0, True), spell])
    assert error.value.field.startswith("spells[1].")


def test_slip_is_recovered_from_many_outcomes_and_few_leave_the_table():
    generator = np.random.default_rng(2)
    shares = np.where(generator.random(4_000) < 0.6, generator.lognormal(np.log(0.4), 1.1, 4_000), 0.0)
    fitted = fit_slip(shares)
    assert fitted["state"] == "supported"
    assert fitted["probability"] == pytest.approx(0.6, abs=0.03)
    assert fitted["log_median"] == pytest.approx(np.log(0.4), abs=0.06)
    assert fitted["sigma"] == pytest.approx(1.1, abs=0.05)
    shown = slip_outlook(20.0, fitted)
    for quantile in (50, 80, 95):
        assert shown["quantiles_share"][str(quantile)] == pytest.approx(np.quantile(shares, quantile / 100), rel=0.12)
        assert shown["quantiles_months"][str(quantile)] == pytest.approx(
            20 * shown["quantiles_share"][str(quantile)], abs=0.1
        )
    few = fit_slip(shares[:29])
    assert few["state"] == "prior_only"
    assert slip_outlook(20.0, few) == {**slip_outlook(20.0), "own_n": 29}


def test_cost_growth_is_recovered_and_few_growths_leave_the_table():
    generator = np.random.default_rng(4)
    grown = np.expm1(generator.normal(0.5, 0.2, 3_000))
    shares = np.where(generator.random(3_000) < 0.4, grown, generator.uniform(-0.1, 0.05, 3_000))
    shown = cost_growth_outlook(fit_cost_growth(shares))
    assert (shown["state"], shown["period"], shown["own_n"]) == ("supported", "whole_pilot", 3_000)
    assert shown["probability_over_5_percent"] == pytest.approx(0.4, abs=0.03)
    assert shown["quantiles_share"]["95"] == pytest.approx(np.quantile(shares, 0.95), rel=0.05)
    none_grew = fit_cost_growth([0.0] * 50)
    assert none_grew == {"state": "prior_only", "own_n": 50, "own_events": 0}
    assert cost_growth_outlook(none_grew)["period"] == "a_year"


def test_loss_is_told_as_a_share_of_money_only_where_own_failures_suffice():
    shares = [0.0] * 10 + [0.5] * 10 + [1.0] * 10
    shown = loss_given_failure(fit_loss(shares))
    assert (shown["measure"], shown["mean"], shown["low"], shown["high"]) == ("share_of_cost_lost", 0.5, 0.0, 1.0)
    assert shown["probability_any"] == pytest.approx(2 / 3, abs=1e-6)
    few = loss_given_failure(fit_loss(shares[:19]))
    assert few["measure"] == "share_of_planned_gain_not_achieved"
    assert (few["state"], few["own_n"]) == ("prior_only", 19)


@pytest.mark.parametrize(
    ("fit", "shares"),
    [(fit_slip, [0.1, float("nan")]), (fit_cost_growth, [0.1, -1.5]), (fit_loss, [0.1, -0.1]), (fit_slip, [0, np.inf])],
)
def test_shares_that_cannot_be_are_refused(fit, shares):
    with pytest.raises(InvalidParameterError) as error:
        fit(shares)
    assert error.value.field == "shares[1]"
