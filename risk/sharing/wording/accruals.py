"""Sentences for what accrues: loans with their interest, preferences, hurdle accounts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from fractions import Fraction

from risk.sharing.accrual_model import Accrual, Periods, Schedule
from risk.sharing.growth import SCALE, growth_factor
from risk.sharing.model import Instrument, Model
from risk.sharing.wording.document import money_words, percent_words

Sentence = dict[str, str]
Row = tuple[str, Sentence, Sentence]
_DAYS = {
    "A365F": {"zh": "实际天数/365", "en": "actual days over 365"},
    "A360": {"zh": "实际天数/360", "en": "actual days over 360"},
    "Act/Act": {
        "zh": "实际天数/实际天数（闰年按366天、其余年份按365天）",
        "en": "actual days over 366 in leap years and 365 in others (Act/Act)",
    },
    "30E/360": {
        "zh": "30E/360（每月按30天、31日视为30日）",
        "en": "months of 30 days over 360, a 31st as the 30th (30E/360)",
    },
}
# The days whose factor is printed beside the rule, so that a reader can check a calculator against it.
_FROM, _TO = datetime.date(2027, 1, 1), datetime.date(2027, 4, 1)


def describe_loan(item: Instrument, accrual: Accrual, model: Model) -> Row:
    """Return what a loan says."""
    party, amount = model.parties[item.party].name, money_words(item.commitment_minor, model)
    rate, days = percent_words(accrual.rate), _DAYS[accrual.day_count]
    months = ", ".join(str(month) for month in item.settled_months)
    zh = f"{party['zh']}提供贷款{amount['zh']}，年利率{rate}，按{days['zh']}计息，"
    zh += f"于{months.replace(', ', '、')}月{item.settled_day}日结息"
    en = (
        f"{party['en']} lends {amount['en']} at {rate} a year over {days['en']}, interest settled on day "
        f"{item.settled_day} of months {months}"
    )
    if item.carry == "none":
        zh, en = f"{zh}，每期单独舍入到分", f"{en}, each period rounded alone"
    zh, en = f"{zh}。", f"{en}."
    for step in accrual.steps:
        name, lower = model.milestones[step.milestone], percent_words(step.rate)
        zh += f"里程碑{step.milestone}（{name['zh']}）通过的，自{step.since}起年利率为{lower}。"
        en += f" If milestone {step.milestone} ({name['en']}) passes, {lower} applies from {step.since}."
    if item.schedule is not None:
        more = _schedule(item, item.schedule, model)
        zh, en = zh + more["zh"], f"{en} {more['en']}"
    for on, part in item.repayments if item.schedule is None else ():
        shown = money_words(part, model)
        zh += f"{on}偿还本金{shown['zh']}。"
        en += f" {shown['en']} of principal is repaid on {on}."
    return (
        f"instruments.{item.id}",
        {"zh": f"{party['zh']}贷款", "en": f"Loan of {party['en']}"},
        {"zh": zh, "en": en},
    )


def _schedule(item: Instrument, schedule: Schedule, model: Model) -> Sentence:
    (first, _), (last, rest) = item.repayments[0], item.repayments[-1]
    if schedule.payment_minor is None:
        return {"zh": f"到期一次还本，到期日{last}。", "en": f"All principal is repaid at once on {last}."}
    paid, rest_words = money_words(schedule.payment_minor, model), money_words(rest, model)
    count, every = len(item.repayments), schedule.every_months
    zh = f"自{first}起每{every}个月还款一次，共{count}期，"
    en = f"Repaid in {count} instalments, every {every} months from {first}: "
    if schedule.kind == "linear":
        zh += f"等额本金，每期本金{paid['zh']}；"
        en += f"equal principal of {paid['en']} each; "
    else:
        zh += f"等额本息，每期本息合计{paid['zh']}，按贷款全额自起息日发放且利率不变计算；"
        en += f"equal payments of {paid['en']}, interest included, worked out for the whole loan drawn at once "
        en += "and the starting rate; "
    return {
        "zh": f"{zh}末期（{last}）本金为余额{rest_words['zh']}。",
        "en": f"{en}the last, on {last}, repays the {rest_words['en']} of principal that is left.",
    }


def describe_accruals(model: Model) -> Iterator[Row]:
    """Yield what the preferences say."""
    for item in model.accruals.values():
        party, rate, days = model.parties[item.party].name, percent_words(item.rate), _DAYS[item.day_count]
        base = model.parties[item.base.split(":", 1)[1]].name
        kind, more = _method(item)
        yield (
            f"accruals.{item.id}",
            {"zh": f"{party['zh']}收益计提", "en": f"Return of {party['en']}"},
            {
                "zh": f"按{base['zh']}实缴未收回的出资，自缴款日起"
                f"以{rate}年{kind['zh']}、{days['zh']}为{party['zh']}计提收益。{more['zh']}",
                "en": f"A {kind['en']} return of {rate} a year over {days['en']} accrues for {party['en']} on the "
                f"capital of {base['en']} that is paid in and not returned, from the day it is paid.{more['en']}",
            },
        )


def _method(item: Accrual) -> tuple[Sentence, Sentence]:
    if item.periods is not None:
        return {"zh": "复利", "en": "compound"}, _periods(item.periods)
    if item.growing is not None:
        return {"zh": "复利", "en": "compound"}, _factor(item.rate, item.day_count)
    return {"zh": "单利", "en": "simple"}, {"zh": "", "en": ""}


def _periods(periods: Periods) -> Sentence:
    per = {12: ("每年", "year"), 3: ("每季", "quarter")}[periods.months]
    return {
        "zh": f"{per[0]}末（自{periods.since}起算）未付收益舍入到分后计入本金，期内按单利；付款先抵已计入本金的收益。",
        "en": f" At the end of every {per[1]}, counted from {periods.since}, unpaid return is rounded and added to "
        "what the return accrues on; within the period it is simple; a payment goes to what was added first.",
    }


def _factor(rate: Fraction, day_count: str) -> Sentence:
    whole, places = divmod(growth_factor(rate, day_count, _FROM, _TO), SCALE)
    shown = f"{whole}.{places:012d}"
    return {
        "zh": f"余额按（1＋年利率）的（天数/基数）次方增长，系数取十二位小数（例如自{_FROM}至{_TO}为{shown}）。",
        "en": f" The balance grows by (1 + rate) to the power of the year fraction, the factor rounded to twelve "
        f"decimals (from {_FROM} to {_TO}, for instance, {shown}).",
    }


def describe_hurdles(model: Model) -> Iterator[Row]:
    """Yield what the hurdle accounts say."""
    for item in model.hurdles.values():
        party, rate, days = model.parties[item.party].name, percent_words(item.rate), _DAYS[item.day_count]
        more = _factor(item.rate, item.day_count)
        beyond = {
            True: {
                "zh": "收款超过门槛的部分结转，并按同一利率增长，抵减以后的缺额。",
                "en": " What is received beyond the hurdle is carried on, grows at the same rate and lowers what is "
                "missing later.",
            },
            False: {
                "zh": "收款超过门槛的部分于当日终了清零，不结转。",
                "en": " What is received beyond the hurdle is forgotten at the end of the day.",
            },
        }[item.carry_excess]
        yield (
            f"hurdles.{item.id}",
            {"zh": f"{party['zh']}门槛收益账户（{rate}）", "en": f"Hurdle account of {party['en']} ({rate})"},
            {
                "zh": f"{party['zh']}的缴款计入、收款减去，余额以{rate}年复利、{days['zh']}增长；余额为零时，"
                f"其内部收益率为{rate}。{more['zh']}{beyond['zh']}",
                "en": f"What {party['en']} pays in is added and what it receives is taken off; the balance grows at "
                f"{rate} a year, compounded, over {days['en']}; where it is nil, the internal rate of return is {rate}."
                f"{more['en']}{beyond['en']}",
            },
        )
