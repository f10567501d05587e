"""How a market moves: what each quarter adds to the log-odds of a request, and where it stands next quarter.

All services share a trend, a random walk and a season of the year; each has a walk and a season of its own. How large
each of these is, none included, is weighed by how well it explains the quarters (marginal likelihood on a grid), so
that a market that stands still is not chased.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from pmo_analysis.analysis.targets.trials import Numbers

# Standard deviations on the log-odds, per quarter of trend and walk and per season; the first is "none". Finer grids, and
# walks of all services together by more, let a trend lag behind.
TREND, SHARED_WALK, WALK, SEASON = (0.0, 0.1), (0.0, 0.1), (0.0, 0.07, 0.2), (0.0, 0.15, 0.4)
LEAST_FOR_SEASON = 8
LEVEL_VARIANCE = 4.0


@dataclass(frozen=True, eq=False)
class Market:
    """shared: per quarter and the next; own: service × the same; variance: of the next quarter's, per service.

    taken: degrees of freedom that the movements took up of the quarters they follow.
    """

    shared: Numbers
    own: Numbers
    variance: Numbers
    taken: float = 0.0

    def effects(self) -> Numbers:
        """service × (quarter, and the next), relative to the next."""
        total = self.shared + self.own
        return total - total[:, -1:]

    def longer(self, count: int) -> Market:
        """The same for `count` quarters and the next, later ones as the last."""
        more = count + 1 - len(self.shared)
        return Market(
            np.pad(self.shared, (0, more), "edge"),
            np.pad(self.own, ((0, 0), (0, more)), "edge"),
            self.variance,
            self.taken,
        )


def still_market(services: int, quarters: int) -> Market:
    """A market that does not move."""
    return Market(np.zeros(quarters + 1), np.zeros((services, quarters + 1)), np.zeros(services))


def follow_market(market: Market, gradient: Numbers, spread: Numbers) -> Market:
    """One step towards what explains the quarters: gradient and curvature of the likelihood per service × quarter."""
    quarters = gradient.shape[1]
    kinds = _movements(quarters)
    whole = np.maximum(spread.sum(0, keepdims=True), 1e-6)
    shared, shared_variance, shared_taken = _smooth(
        market.shared[None, :-1] + gradient.sum(0) / whole, 1 / whole, kinds["shared"]
    )
    left = gradient - spread * (shared[0, :-1] - market.shared[:-1])
    each = np.maximum(spread, 1e-3)
    own, own_variance, taken = _smooth(market.own[:, :-1] + np.clip(left / each, -5, 5), 1 / each, kinds["own"])
    return Market(shared[0], own, shared_variance[0] + own_variance, shared_taken + taken)


def _movements(quarters: int) -> dict[str, Numbers]:
    """Covariances over the quarters and the next, one per way of moving, around an unknown level."""
    at = np.arange(quarters + 1.0)
    slope, walk = np.outer(at - at.mean(), at - at.mean()), np.minimum.outer(at, at)
    season = ((at[:, None] - at) % 4 == 0).astype(float)
    seasons = SEASON if quarters >= LEAST_FOR_SEASON else (0.0,)
    shared = [t**2 * slope + w**2 * walk + s**2 * season for t, w, s in itertools.product(TREND, SHARED_WALK, seasons)]
    own = [w**2 * walk + s**2 * season for w, s in itertools.product(WALK, seasons)]
    return {"shared": np.stack(shared), "own": np.stack(own)}


def _smooth(seen: Numbers, noise: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers, float]:
    """Rows of quarters smoothed by each kind of movement, weighed by how well it explains all rows together.

    Returns rows × (quarters, and the next) without their level, the variance of the next per row, and the degrees of
    freedom taken up (the trace of the smoother) beyond those of the levels.
    """
    quarters = seen.shape[1]
    total = kinds[:, None, :-1, :-1] + LEVEL_VARIANCE + noise[None, :, :, None] * np.eye(quarters)
    inverse: Numbers = np.linalg.inv(total).astype(float)
    solved = np.einsum("krij,rj->kri", inverse, seen)
    fit = -0.5 * (np.einsum("kri,ri->k", solved, seen) + np.linalg.slogdet(total)[1].sum(1))
    # Standing still counts as much beforehand as all ways of moving together.
    fit[0] += np.log(max(len(kinds) - 1, 1))
    likely = np.exp(fit - fit.max())
    weight = (likely / likely.sum()).astype(float)
    path = np.einsum("k,kij,krj->ri", weight, kinds[:, :, :-1], solved, optimize=True)
    left = (np.einsum("krii->kri", inverse) * noise).sum((1, 2))
    return path, np.einsum("k,kr->r", weight, _ahead(kinds, inverse)), float(weight @ (left[0] - left))


def _ahead(kinds: Numbers, inverse: Numbers) -> Numbers:
    """Per kind and row, how much less certain the next quarter is than in a market that stands still.

    Level and movement are uncertain together: what one has too much the other lacks.
    """
    reach = kinds[:, -1, :-1] + LEVEL_VARIANCE
    known = np.einsum("ki,krij,kj->kr", reach, inverse, reach, optimize=True)
    left = kinds[:, -1, -1][:, None] + LEVEL_VARIANCE - known
    return np.maximum(left - left[:1], 0.0)
