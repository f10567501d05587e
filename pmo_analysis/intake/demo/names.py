"""Names of customers and projects: a division and what it works on, made unique by a number where needed."""

from __future__ import annotations

import numpy as np

DIVISIONS = (
    "Retail Banking",
    "Corporate Banking",
    "Life Insurance",
    "Property Insurance",
    "Claims",
    "Wealth Management",
    "Pensions",
    "Group Risk",
    "Group Finance",
    "Customer Operations",
    "Payments",
    "Marketing",
    "Brokers and Partners",
    "Real Estate",
    "Treasury",
    "Healthcare",
)
TOPICS = {
    "EXE": (
        "Steering group {}",
        (
            "Growth 2027",
            "Core renewal",
            "Simplification",
            "Branch network",
            "Regulation",
            "Data and AI",
            "Cost programme",
            "Customer journeys",
        ),
    ),
    "FIN": (
        "{}",
        (
            "Portfolio board",
            "Investment committee",
            "Business controlling",
            "Planning and forecast",
            "Project accounting",
        ),
    ),
    "BU": (
        "{}",
        (
            "Cards",
            "Mortgages",
            "Payments platform",
            "Deposits",
            "Claims handling",
            "Underwriting",
            "Leasing",
            "Private clients",
            "Digital channels",
            "Product management",
            "Contact centre",
            "Pricing",
        ),
    ),
    "IT": (
        "IT {}",
        (
            "core systems",
            "integration",
            "data platform",
            "workplace",
            "mobile apps",
            "cloud operations",
            "security",
            "testing",
            "architecture",
        ),
    ),
    "PM": (
        "Project group {}",
        (
            "Ledger",
            "Harbour",
            "Compass",
            "Beacon",
            "Lighthouse",
            "Anchor",
            "Bridge",
            "Atlas",
            "Polaris",
            "Keel",
            "Sextant",
            "Mistral",
            "Tideway",
            "Northstar",
        ),
    ),
    "OPM": (
        "{} team",
        (
            "Reporting",
            "Onboarding",
            "Complaints",
            "Fraud",
            "Campaign",
            "Sales support",
            "Collections",
            "Back office",
            "Quality",
            "Training",
            "Events",
            "Documents",
            "Renewals",
            "Service desk",
            "Analytics",
            "Archive",
        ),
    ),
    "DPMO": ("{}", ("Divisional PMO", "Change office", "Programme office")),
    "SPO": (
        "{}",
        (
            "Human resources",
            "Facilities",
            "Legal",
            "Procurement",
            "Communications",
            "Internal audit",
            "Compliance",
            "Records",
        ),
    ),
}
PROJECT_WORDS = (
    "renewal",
    "migration",
    "roll-out",
    "relaunch",
    "integration",
    "automation",
    "redesign",
    "consolidation",
    "upgrade",
    "pilot",
    "launch",
    "clean-up",
)
PROJECT_THINGS = (
    "Billing",
    "Customer portal",
    "Data warehouse",
    "Claims desk",
    "Mobile app",
    "Payment engine",
    "Archive",
    "Reporting suite",
    "Identity service",
    "Branch concept",
    "Pricing engine",
    "Contract library",
    "Risk ledger",
    "Partner gateway",
    "Office move",
    "Workflow",
    "Chat service",
    "Budget model",
    "Telephony",
    "Tax reporting",
)


def customer_names(codes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A name of its own for each customer, by its category's code, and the number of its division."""
    names, division = np.empty(len(codes), object), np.zeros(len(codes), int)
    for code in sorted(set(codes)):
        pattern, topics = TOPICS[code]
        rows = np.flatnonzero(codes == code)
        pool = rng.permutation(len(DIVISIONS) * len(topics))
        pick, turn = pool[np.arange(len(rows)) % len(pool)], np.arange(len(rows)) // len(pool)
        division[rows] = pick // len(topics)
        made = [f"{DIVISIONS[p // len(topics)]} – {pattern.format(topics[p % len(topics)])}" for p in pick]
        names[rows] = [name + (f" {t + 1}" if t else "") for name, t in zip(made, turn, strict=True)]
    return names, division


def project_names(count: int, rng: np.random.Generator) -> list[str]:
    """Names for projects, each its own."""
    pool = rng.permutation(len(PROJECT_THINGS) * len(PROJECT_WORDS))
    made = []
    for i in range(count):
        thing, word = divmod(int(pool[i % len(pool)]), len(PROJECT_WORDS))
        turn = i // len(pool)
        made.append(f"{PROJECT_THINGS[thing]} {PROJECT_WORDS[word]}" + (f" {turn + 1}" if turn else ""))
    return made
