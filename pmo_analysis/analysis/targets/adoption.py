"""How likely each customer is to ask for each service next quarter: a hierarchical logit.

The log-odds of a request are a level of the customer for the service plus an effect of the quarters since it last
asked, the service's own. Levels come from the service's popularity, the segment's and the customer's features,
and vary together between services (a customer that asks for one asks for its like). Own history enters only
through the level and the gap, never as a running total, which would grow beyond what was trained on.
Segments are taken as labels that may be wrong. Fitted by variational EM with Gaussian levels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from pmo_analysis.analysis.targets.kinds import step_gap_effects
from pmo_analysis.analysis.targets.knowledge import Knowledge
from pmo_analysis.analysis.targets.market import Market, follow_market, still_market
from pmo_analysis.analysis.targets.trials import GAPS, Numbers, Trials

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
PRIOR_ROWS = 250.0
# The least and the greatest variance of segments' tastes on the log-odds.
AFFINITY = (0.2, 2.5)
# Rounds in which levels of customers on whom nothing was learned are found, and found anew.
_ROUNDS_TO_PLACE, _ROUNDS_AGAIN = 8, 4


@dataclass(frozen=True, eq=False)
class Counts:
    """Trials and successes per customer × service × quarter, their gap class, and that of the quarter to come."""

    trials: Numbers
    hits: Numbers
    gaps: np.ndarray
    now: np.ndarray


@dataclass(frozen=True, eq=False)
class Adoption:
    """The fitted parts: levels (mean, variance), prior means, gap effects, segments' memberships, covariance.

    affinity: the variance of segments' tastes for services; used: how many columns of the design a service's effects
    use up, shrinkage counted.
    """

    level: Numbers
    variance: Numbers
    prior: Numbers
    gap: Numbers
    member: Numbers
    covariance: Numbers
    coefficient: Numbers
    confusion: Numbers
    market: Market
    need: float
    affinity: float
    used: float

    def chances(self, now: np.ndarray) -> Numbers:
        """P(at least one request next quarter | stays) per customer × service."""
        effect = np.take_along_axis(self.gap[None].repeat(len(now), 0), now[:, :, None].astype(int), axis=2)[:, :, 0]
        spread = np.sqrt(self.variance + self.market.variance)
        points = (self.level + effect)[..., None] + spread[..., None] * NODES
        return expit(points) @ WEIGHTS

    def quiet_chances(self, counts: Counts, there: Numbers) -> Numbers:
        """P(no request in a quarter | a customer) per customer × quarter; 1 where it is known to be none."""
        chance = np.where(counts.trials > 0, _expected(self, counts)[0], 0.0)
        return np.where(there > 0, np.prod(1 - chance, axis=1), 1.0)


def count_trials(trials: Trials) -> Counts:
    """What could have been asked for and what was, with the quarters since it last was."""
    gaps = trials.gaps()
    exposure = trials.counted()[:, None, :] * trials.offered[None, :, :]
    return Counts(exposure, exposure * trials.asked, gaps[:, :, :-1], gaps[:, :, -1])


def fit_adoption(
    counts: Counts, known: Knowledge, *, start: Adoption | None = None, rounds: int = 40, still: bool = False
) -> Adoption:
    """The model fitted to counts, beginning with `start`, of the same customers and services, where there is one.

    still: the market stays as it is.
    """
    model = start or _start(counts, known)
    model = replace(model, market=model.market.longer(counts.trials.shape[2]))
    affordable = int(4e8 / max(counts.trials.shape[0] * counts.trials.shape[1] ** 3, 1))
    for _ in range(int(np.clip(affordable, 8, rounds))):
        model = _round(model, counts, known, still)
    return model


def place_customers(model: Adoption, counts: Counts, known: Knowledge, *, again: bool = False) -> Adoption:
    """The learned model with the levels and memberships of other customers, each found by itself.

    again: `model` has them already and is to find them anew. Rounds are as many for everybody, so that nobody's chances
    depend on who is looked at together.
    """
    own = model if again else _as_strangers(model, known)
    for _ in range(_ROUNDS_AGAIN if again else _ROUNDS_TO_PLACE):
        level, variance, precision, working = _posterior(own, counts)
        own = replace(own, level=level, variance=variance, member=_memberships(own, working, precision, known))
        own = replace(own, prior=_prior(own, known))
    return own


def _as_strangers(model: Adoption, known: Knowledge) -> Adoption:
    """The model for customers of whom nothing is known yet but their labels and features."""
    member = model.confusion[:, known.label].T
    own = replace(model, member=member / member.sum(1, keepdims=True))
    prior = _prior(own, known)
    return replace(own, level=prior, prior=prior, variance=np.tile(np.diag(model.covariance), (len(prior), 1)))


def _prior(model: Adoption, known: Knowledge) -> Numbers:
    """Where each customer's levels lie by its segment, features and needs alone."""
    design = np.column_stack([np.ones(len(model.member)), model.member, known.features])
    return design @ model.coefficient.T + model.need * known.need


def _start(counts: Counts, known: Knowledge) -> Adoption:
    customers, services, quarters = counts.trials.shape
    rate = (counts.hits.sum((0, 2)) + 0.5) / (counts.trials.sum((0, 2)) + 1.0 / 0.1)
    popular = np.log(rate / (1 - np.minimum(rate, 0.99)))
    count = len(known.segments)
    member = np.eye(count)[known.label]
    width = 1 + count + known.features.shape[1]
    coefficient = np.zeros((services, width))
    coefficient[:, 0] = popular
    level = np.tile(popular, (customers, 1))
    confusion = np.full((count, count), 0.15 / max(count - 1, 1)) + (0.85 - 0.15 / max(count - 1, 1)) * np.eye(count)
    return Adoption(
        level,
        np.ones_like(level),
        level.copy(),
        np.zeros((services, len(GAPS))),
        member,
        0.8 * np.eye(services) + 0.2,
        coefficient,
        confusion,
        still_market(services, quarters),
        0.0,
        affinity=1.0,
        used=0.0,
    )


def _round(model: Adoption, counts: Counts, known: Knowledge, still: bool) -> Adoption:
    level, variance, precision, working = _posterior(model, counts)
    member = _memberships(model, working, precision, known)
    model = replace(model, level=level, variance=variance, member=member)
    model = _step_coefficients(model, working - model.need * known.need, precision, known.features)
    coefficient = model.coefficient
    common = np.column_stack([np.ones(len(level)), member, known.features]) @ coefficient.T
    need = _need_effect(working - common, precision, known.need)
    prior = common + need * known.need
    # Those that nothing is known of, such as customers to come, would only hold back what is learnt of the others.
    seen = counts.trials.any(axis=(1, 2))
    covariance = _covariance((level - prior)[seen], model, precision[seen])
    confusion = _confusion(member, known.label)
    model = replace(model, need=need, prior=prior, covariance=covariance, confusion=confusion)
    return _over_time(model, counts, still)


def _need_effect(away: Numbers, precision: Numbers, need: Numbers) -> float:
    """What one more standard deviation of stated importance adds to the log-odds, one number for all services."""
    weighed = np.einsum("cij,cj->ci", precision, need)
    return float((weighed * away).sum() / ((weighed * need).sum() + 1.0 / 0.15))


def _over_time(model: Adoption, counts: Counts, still: bool) -> Adoption:
    """One step of the effects of gaps and of quarters; levels are those of the quarter to come."""
    chance, slope = _expected(model, counts)
    error, spread = counts.hits - counts.trials * chance, counts.trials * slope
    gap = step_gap_effects(model.gap, _by_gap(error, counts.gaps), _by_gap(spread, counts.gaps))
    market = model.market if still else follow_market(model.market, error.sum(0), spread.sum(0))
    shift = (market.shared + market.own)[:, -1] - (model.market.shared + model.market.own)[:, -1]
    coefficient = model.coefficient.copy()
    coefficient[:, 0] += shift
    return replace(
        model,
        gap=gap,
        market=market,
        coefficient=coefficient,
        level=model.level + shift,
        prior=model.prior + shift,
    )


def _by_gap(values: Numbers, gaps: np.ndarray) -> Numbers:
    """service × gap class: the sums over customers and quarters."""
    services, classes = values.shape[1], len(GAPS)
    place = np.arange(services)[None, :, None] * classes + gaps
    sums = np.bincount(place.ravel(), values.ravel(), services * classes).astype(float)
    return sums.reshape(services, classes)


def _expected(model: Adoption, counts: Counts) -> tuple[Numbers, Numbers]:
    """Per customer × service × quarter the expected requests per trial, and their expected slope."""
    services = np.arange(counts.trials.shape[1])[None, :, None]
    centre = model.gap[services, counts.gaps]
    centre += model.market.effects()[:, :-1] + model.level[:, :, None]
    deviation = np.sqrt(model.variance)[:, :, None]
    chance, slope = np.zeros_like(centre), np.zeros_like(centre)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        at = expit(centre + node * deviation)
        chance += weight * at
        slope += weight * at * (1 - at)
    return chance, slope


def _posterior(model: Adoption, counts: Counts) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """One Newton step of each customer's levels: means, variances, (Σ + 1/h)⁻¹, working response."""
    chance, slope = _expected(model, counts)
    gradient = (counts.hits - counts.trials * chance).sum(2)
    spread = np.maximum((counts.trials * slope).sum(2), 1e-4)
    working = model.level + gradient / spread
    total = model.covariance + np.eye(len(model.covariance)) / spread[:, :, None]
    precision = np.linalg.inv(total)
    weight = model.covariance @ precision
    level = model.prior + np.einsum("cij,cj->ci", weight, working - model.prior)
    level = model.level + np.clip(level - model.level, -1.0, 1.0)
    variance = np.diag(model.covariance) - np.einsum("cij,ji->ci", weight, model.covariance)
    return level, np.maximum(variance, 1e-6), precision, working


def _memberships(model: Adoption, working: Numbers, precision: Numbers, known: Knowledge) -> Numbers:
    """How likely each customer belongs to each segment, given its label and what it asked for."""
    count = len(known.segments)
    if count == 1:
        return model.member
    common = model.coefficient[:, 0] + known.features @ model.coefficient[:, 1 + count :].T + model.need * known.need
    away = working[:, None, :] - common[:, None, :] - model.coefficient[:, 1 : 1 + count].T[None]
    fit = -0.5 * np.einsum("cks,cst,ckt->ck", away, precision, away, optimize=True)
    score = fit + np.log(model.confusion[:, known.label].T)
    chance = np.exp(score - score.max(1, keepdims=True))
    return chance / chance.sum(1, keepdims=True)


def _step_coefficients(model: Adoption, working: Numbers, precision: Numbers, features: Numbers) -> Adoption:
    """Popularity, segment and feature effects per service: generalised least squares, shrunk to no difference.

    Services are solved for together, since a customer's levels vary together: then, summed over customers, as many
    requests are expected as there were. How far segments' tastes lie apart counts what is not known of them (EM).
    """
    design = np.column_stack([np.ones(len(working)), model.member, features])
    (customers, services), width = working.shape, design.shape[1]
    known = model.member.shape[1]
    pairs = _pairs(design, known).reshape(customers, -1)
    affinity = np.full(known, 1.0 / model.affinity if known > 1 else 1e6)
    penalty = np.repeat(np.concatenate([[0.25], affinity, np.full(features.shape[1], 1.0 / 0.15)]), services)
    centre = np.zeros(width * services)
    centre[:services] = model.coefficient[:, 0].mean()
    gram = (pairs.T @ precision.reshape(customers, -1)).reshape(width, width, services, services)
    inverse = np.linalg.inv(gram.transpose(0, 2, 1, 3).reshape(width * services, -1) + np.diag(penalty))
    right = (design.T @ np.einsum("cij,cj->ci", precision, working)).ravel() + penalty * centre
    found, unknown = (inverse @ right).reshape(width, services), np.diag(inverse).reshape(width, services)
    tastes = float(np.mean(found[1 : 1 + known] ** 2 + unknown[1 : 1 + known]))
    used = width - float(penalty @ np.diag(inverse)) / services
    return replace(model, coefficient=found.T, affinity=float(np.clip(tastes, *AFFINITY)), used=used)


def _pairs(design: Numbers, known: int) -> Numbers:
    """Per customer the expected products of the design's columns.

    A customer is of one segment, though it is not known of which: never of two at once. Products of the chances in
    their place would let tastes grow without end where segments are hard to tell apart.
    """
    pairs = design[:, :, None] * design[:, None, :]
    among = slice(1, 1 + known)
    pairs[:, among, among] = design[:, among, None] * np.eye(known)
    return pairs


def _covariance(away: Numbers, model: Adoption, precision: Numbers) -> Numbers:
    """Between-customer covariance of the levels, shrunk towards equal variances and equal correlations.

    Effects fitted to the same customers take up some of their variety, which is given back as in REML.
    """
    (customers, services), now = away.shape, model.covariance
    posterior = customers * now - now @ precision.sum(0) @ now
    lost = customers / max(customers - model.used, customers / 2)
    total = lost * (away.T @ away) + (posterior + posterior.T) / 2
    mean = total / customers
    size = max(float(np.mean(np.diag(mean))), 0.05)
    others = (mean.sum() - np.trace(mean)) / max(services * (services - 1), 1)
    together = np.clip(others / size, -0.9 / max(services - 1, 1), 0.9)
    target = size * ((1 - together) * np.eye(services) + together)
    return (total + PRIOR_ROWS * target) / (customers + PRIOR_ROWS)


def _confusion(member: Numbers, label: np.ndarray) -> Numbers:
    """P(label | true segment), with eight prior customers per segment of whom 85 % are labelled right."""
    known = member.shape[1]
    if known == 1:
        return np.ones((1, 1))
    seen = member.T @ np.eye(known)[label]
    prior = 8.0 * (np.full((known, known), 0.15 / (known - 1)) + (0.85 - 0.15 / (known - 1)) * np.eye(known))
    return (seen + prior) / (seen + prior).sum(1, keepdims=True)
