"""Who moved for good: each customer's quarters against paths that stay in a segment or move once.

A customer's quarter lies about the mean of its path's segment, off by what is the customer's own and lasts (S_own) and by
noise that fades (S_e, AR(ρ)). Knowing the lasting offset keeps a customer who always sits near a border from flickering.
Any single quarter may also be a blip: it looks like another segment, or like nothing in particular, at rates learned
from the panel. So two odd quarters in a row are weighed against two blips, not taken for a move. Where a row looks back
over several quarters, a move shows as a ramp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from pmo_analysis.analysis.history.moves import Likely, Paths, find_likely, join_likely, list_paths
from pmo_analysis.analysis.history.noise import Noise, estimate_noise, fading_correlation, median_over_quarters

_ROUNDS = 8
# A change seen in fewer quarters than this is possible, but not told as a move.
_EDGE = 2
_START_MOVING, _MOST_MOVING = 0.05, 0.3
# Shares of quarters that look like another segment, and like none, before any was seen; how many quarters' worth that
# belief is; and how much wider than usual a quarter that looks like none lies.
_START_BLIPS, _BLIPS_WORTH, _MOST_BLIPS = np.array([0.02, 0.02]), 20.0, 0.2
_WIDE = 3.0
# Cells' worth of the belief that a customer varies as others do.
_SCALE_WORTH = 8.0
# Customers' worth of the scheme's centre that a segment keeps, so that one which empties keeps its place.
_CENTRE_WORTH = 2.0
# Share of the most restless quarters that tell nothing about the noise before anybody is known to move.
_RESTLESS = 0.15
# Customers from whom segments, noise and rates are learned where there are more, how many of the others are followed at a
# time, and the rounds in which each one's own offset and noise are found.
LEARNED_FROM, _AT_A_TIME, _OWN_ROUNDS = 3_000, 1_000, 4


@dataclass(frozen=True, eq=False)
class Panel:
    """What is known of customers quarter by quarter.

    `numbers`: customers × quarters × features, missing NaN; `choices`: log chance of the texts seen, customers ×
    quarters × segments (0 where none); `windows`: weight of each single quarter in each quarter's row.
    """

    numbers: np.ndarray
    choices: np.ndarray
    windows: np.ndarray

    def take(self, rows: np.ndarray) -> Panel:
        """Some of the customers."""
        return Panel(self.numbers[rows], self.choices[rows], self.windows)

    @cached_property
    def groups(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows (customers × quarters, in one list) by the features known in them: which features, which rows."""
        seen, inverse = np.unique(
            np.isfinite(self.numbers).reshape(-1, self.numbers.shape[2]), axis=0, return_inverse=True
        )
        return [(known, np.flatnonzero(inverse.ravel() == i)) for i, known in enumerate(seen) if known.any()]


@dataclass(frozen=True, eq=False)
class _Model:
    """What is learned of segments (`means`, `weights`), of quarters (`moving`: share that moves; `blips`: to another
    segment, to none; `noise`) and of each customer (`offset`: how far off its segment it lasts; `scale` of its noise).
    """

    means: np.ndarray
    weights: np.ndarray
    moving: float
    blips: np.ndarray
    noise: Noise
    offset: np.ndarray
    scale: np.ndarray


def follow_paths(panel: Panel, means: np.ndarray, weights: np.ndarray) -> tuple[Paths, Likely, Likely]:
    """The likeliest paths of each customer: without moves that one quarter alone would show, and with them.

    The first are told apart from blips; the second are possible: whether the last quarter was a move the next one
    tells. By EM (Dempster, Laird & Rubin 1977) over segments, movers, blips, noise and each customer's own offset.
    """
    quarters = panel.numbers.shape[1]
    recorded = np.flatnonzero(panel.windows.any(axis=0))[0] - (panel.windows.shape[1] - quarters)
    paths = list_paths(len(means), quarters, int(recorded) + 1)
    inside = ~paths.moves | ((paths.at > paths.at.min()) & (paths.at <= quarters - _EDGE))
    # Rows of paths are mixes of segments; few differ: one per segment where rows do not look back.
    mixes, at = np.unique(paths.shares(len(means), panel.windows).reshape(-1, len(means)), axis=0, return_inverse=True)
    route = _Route(paths, inside, mixes, at.reshape(len(paths.at), quarters))
    learned = _spread(panel, LEARNED_FROM)
    chance, score, model = _follow(panel.take(learned), route, _start(panel.take(learned), means, weights))
    if len(learned) == len(panel.numbers):
        return paths, find_likely(paths, chance), find_likely(paths, _posterior(score))
    told = []
    for begin in range(0, len(panel.numbers), _AT_A_TIME):
        part = panel.take(np.arange(begin, min(begin + _AT_A_TIME, len(panel.numbers))))
        chance, score, _ = _follow(part, route, _as_strangers(model, len(part.numbers)), own=True)
        told.append((find_likely(paths, chance), find_likely(paths, _posterior(score))))
    sure, anyhow = zip(*told, strict=True)
    return paths, join_likely(sure), join_likely(anyhow)


@dataclass(frozen=True, eq=False)
class _Route:
    """The paths, those that no single quarter shows alone, the mixes of segments, and each path's mix by quarter."""

    paths: Paths
    inside: np.ndarray
    mixes: np.ndarray
    at: np.ndarray


def _follow(panel: Panel, route: _Route, model: _Model, *, own: bool = False) -> tuple[np.ndarray, np.ndarray, _Model]:
    """Probability of the paths that no single quarter shows alone, log weight of all, and the model learned last.

    own: what segments, noise and rates are is known; only each customer's offset and scale are learned.
    """
    paths, at, quarters = route.paths, route.at, panel.numbers.shape[1]
    for _ in range(_OWN_ROUNDS if own else _ROUNDS):
        kinds, fit = _fit_rows(panel, route.mixes, model)
        worth = _independent_rows(panel, model.noise) / quarters
        score = worth * sum(fit[:, q, at[:, q]] for q in range(quarters)) + _prior(paths, route.inside, model)
        chance = _posterior(np.where(route.inside, score, -np.inf))
        state = np.stack([chance @ np.eye(len(route.mixes))[at[:, q]] for q in range(quarters)], axis=1)
        kinds *= state[..., None]
        moving = chance[:, paths.moves].sum(axis=1).mean()
        model = (
            _learn_own(panel, route.mixes, kinds, model)
            if own
            else _learn(panel, route.mixes, kinds, model, moving=moving)
        )
    return chance, score, model


def _spread(panel: Panel, most: int) -> np.ndarray:
    """Evenly spaced customers, in the order of what is known of them and not of their names."""
    n = len(panel.numbers)
    if n <= most:
        return np.arange(n)
    parts = (panel.numbers[i : i + _AT_A_TIME] for i in range(0, n, _AT_A_TIME))
    middle = np.round(np.concatenate([np.nan_to_num(part).mean(axis=1) for part in parts]), 9)
    order = np.lexsort(np.column_stack([middle, panel.choices.sum(axis=1)]).T[::-1])
    return np.sort(order[np.linspace(0, n - 1, most).round().astype(int)])


def _as_strangers(model: _Model, customers: int) -> _Model:
    """The model for customers of whose own offset and scale nothing is known yet."""
    return replace(model, offset=np.zeros((customers, model.means.shape[1])), scale=np.ones(customers))


def _posterior(score: np.ndarray) -> np.ndarray:
    return np.exp(score - logsumexp(score, axis=1, keepdims=True))


def _independent_rows(panel: Panel, noise: Noise) -> float:
    """How many independent quarters the rows are worth, whose noise lasts from one to the next or overlaps."""
    correlation = fading_correlation(panel.windows, noise.rho)
    return float(np.trace(correlation) ** 2 / correlation.sum())


def _start(panel: Panel, means: np.ndarray, weights: np.ndarray) -> _Model:
    """Everybody stays where its middle lies; the noise is what all but the most restless quarters show."""
    middle = median_over_quarters(panel.numbers)
    apart = np.nansum((middle[:, None, :] - means) ** 2, axis=2)
    home = (panel.choices.sum(axis=1) - 0.5 * apart).argmax(axis=1)
    far = np.nansum((panel.numbers - middle[:, None]) ** 2, axis=2)
    calm = far <= np.quantile(far, 1 - _RESTLESS)
    noise = estimate_noise(np.where(calm[..., None], panel.numbers - means[home][:, None], np.nan), panel.windows)
    return _Model(
        means, weights, _START_MOVING, _START_BLIPS, noise, offset=np.zeros_like(middle), scale=np.ones(len(middle))
    )


def _prior(paths: Paths, inside: np.ndarray, model: _Model) -> np.ndarray:
    """Log chance of each path: any time and any other segment is as likely for a move."""
    ways = max((paths.moves & inside).sum() / len(model.weights), 1)
    moved = np.where(paths.moves, np.log(model.moving / ways), np.log(1 - model.moving))
    return np.log(model.weights[paths.before]) + moved


def _fit_rows(panel: Panel, mixes: np.ndarray, model: _Model) -> tuple[np.ndarray, np.ndarray]:
    """Chance that a row is usual, a blip to a segment, a blip to nowhere; and its log density, per mix of segments."""
    places, choices = mixes @ model.means, panel.choices @ mixes.T
    spread = model.scale[:, None] * np.diag(fading_correlation(panel.windows, model.noise.rho))
    apart, size = _distances(panel.numbers - model.offset[:, None], panel.groups, places, model.noise.fading)
    apart, known = apart / spread[..., None], np.isfinite(panel.numbers).sum(axis=2)[..., None]
    size = size + 0.5 * known * np.log(spread)[..., None]
    near = choices - 0.5 * apart - size
    wide = choices - 0.5 * apart / _WIDE**2 - size - known * np.log(_WIDE)
    single = np.flatnonzero(mixes.max(axis=1) == 1)
    share = np.log(mixes[single] @ model.weights)
    elsewhere = logsumexp(near[:, :, single] + share, axis=2, keepdims=True)
    rates = np.log([1 - model.blips.sum(), *model.blips])
    return _weigh([rates[0] + near, rates[1] + elsewhere, rates[2] + wide])


def _weigh(logs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Each one's share of the sum, on a last axis of its own, and the log of the sum."""
    top = np.maximum.reduce(np.broadcast_arrays(*logs))
    kinds = np.empty((*top.shape, len(logs)))
    for i, log in enumerate(logs):
        np.exp(log - top, out=kinds[..., i])
    total = kinds.sum(axis=3)
    kinds /= total[..., None]
    return kinds, top + np.log(total)


def _distances(
    numbers: np.ndarray, groups: list[tuple[np.ndarray, np.ndarray]], places: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared Mahalanobis distance of each row's known cells from each place, and half the log determinant."""
    flat = numbers.reshape(-1, numbers.shape[2])
    apart, size = np.zeros((len(flat), len(places))), np.zeros((len(flat), 1))
    for seen, who in groups:
        root = np.linalg.cholesky(covariance[np.ix_(seen, seen)])
        rows = solve_triangular(root, flat[who][:, seen].T, lower=True).T
        known = solve_triangular(root, places[:, seen].T, lower=True).T
        apart[who] = (rows**2).sum(axis=1)[:, None] - 2 * rows @ known.T + (known**2).sum(axis=1)
        size[who] = np.log(np.diag(root)).sum()
    shape = numbers.shape[:2]
    return np.maximum(apart, 0).reshape(*shape, -1), size.reshape(*shape, 1)


def _learn(panel: Panel, mixes: np.ndarray, kinds: np.ndarray, model: _Model, *, moving: float) -> _Model:
    """The model that fits best, given the chances of rows (customers × quarters × mixes × kinds) and the share moving."""
    usual, known = kinds[..., 0].sum(axis=2), np.isfinite(panel.numbers).any(axis=2)
    rest = _rest(panel, mixes, kinds, model)
    noise = estimate_noise(np.where((usual > 0.5)[..., None], rest, np.nan), panel.windows)
    first = kinds.sum(axis=3)[:, 0] @ mixes
    blips = kinds[..., 1:].sum(axis=2)[known].sum(axis=0) + _BLIPS_WORTH * _START_BLIPS
    learned = replace(
        model,
        means=_centres(panel.numbers, kinds[..., 0], mixes, model.means),
        weights=(first.sum(axis=0) + 1) / (len(first) + len(model.means)),
        moving=float(np.clip(moving, 1e-4, _MOST_MOVING)),
        blips=np.minimum(blips / (known.sum() + _BLIPS_WORTH), _MOST_BLIPS),
        noise=noise,
    )
    return _with_own(panel, rest, usual, learned)


def _learn_own(panel: Panel, mixes: np.ndarray, kinds: np.ndarray, model: _Model) -> _Model:
    """The same model with the offset and scale that fit each customer best."""
    return _with_own(panel, _rest(panel, mixes, kinds, model), kinds[..., 0].sum(axis=2), model)


def _rest(panel: Panel, mixes: np.ndarray, kinds: np.ndarray, model: _Model) -> np.ndarray:
    """What is left of each row without the mean of its path's segment."""
    usual = kinds[..., 0].sum(axis=2)
    return panel.numbers - kinds[..., 0] @ mixes @ model.means / np.maximum(usual, 1e-9)[..., None]


def _with_own(panel: Panel, rest: np.ndarray, usual: np.ndarray, model: _Model) -> _Model:
    worth = _independent_rows(panel, model.noise) / rest.shape[1]
    offset = _offsets(rest, usual, model.noise, model.scale, worth=worth)
    return replace(model, offset=offset, scale=_scales(rest - offset[:, None], panel.groups, usual, model.noise))


def _scales(
    rest: np.ndarray, groups: list[tuple[np.ndarray, np.ndarray]], usual: np.ndarray, noise: Noise
) -> np.ndarray:
    """How much more than usual each customer's quarters vary (of the variance), shrunk to 1: some are restless."""
    apart, _ = _distances(rest, groups, np.zeros((1, rest.shape[2])), noise.fading)
    known = np.isfinite(rest).sum(axis=2)
    total = (usual * apart[..., 0]).sum(axis=1) + _SCALE_WORTH
    return total / ((usual * known).sum(axis=1) + _SCALE_WORTH)


def _offsets(rest: np.ndarray, usual: np.ndarray, noise: Noise, scale: np.ndarray, *, worth: float) -> np.ndarray:
    """Each customer's own lasting offset: its mean distance from its path over usual quarters, shrunk by its noise."""
    weight = np.isfinite(rest) * usual[..., None]
    count = np.maximum(weight.sum(axis=1), 1e-6)
    mean = (np.nan_to_num(rest) * weight).sum(axis=1) / count
    root = np.sqrt(scale[:, None] / (worth * count))
    spread = noise.own + noise.fading * root[:, :, None] * root[:, None, :]
    return np.linalg.solve(spread, mean[..., None])[..., 0] @ noise.own


def _centres(numbers: np.ndarray, state: np.ndarray, mixes: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Segment means by least squares over customers' expected usual quarters, feature by feature over the cells known."""
    keep = _CENTRE_WORTH * numbers.shape[1]
    known = np.isfinite(numbers)
    weight = np.einsum("nqd,nqc->dc", known.astype(float), state, optimize=True)
    square = np.einsum("dc,ck,cl->dkl", weight, mixes, mixes) + keep * np.eye(len(means))
    product = np.einsum("nqd,nqc->dc", np.where(known, numbers, 0), state, optimize=True) @ mixes + keep * means.T
    return np.linalg.solve(square, product[:, :, None])[:, :, 0].T
