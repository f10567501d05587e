"""The app: widgets, what they do when they are moved, and what is shown then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from ipywidgets import HTML, Button, HBox, Layout, VBox

from pmo_analysis.analysis.scenarios import (
    AS_IT_WAS,
    Scenario,
    ScenarioComparison,
    compare_scenarios,
    spread_hours,
    undo_changes,
    what_if,
)
from pmo_analysis.contract.errors import InputError, PmoError
from pmo_analysis.intake.scenarios import (
    StoredScenario,
    list_scenarios,
    locate_scenarios,
    name_file,
    read_scenario,
    write_scenario,
)
from pmo_analysis.present.formats import is_number
from pmo_analysis.present.sizing import controls, desk, drawing, keeping
from pmo_analysis.present.sizing.controls import ALL, SHARES
from pmo_analysis.present.templating import render, stylesheet
from pmo_analysis.quarter import Quarter, apply_scenario, baseline

NEW, WHAT_IF = "Scenario 1", "what if"


class SizingApp:
    """Sliders for what a PMO offers and who does it, and the scenario that they make, beside how things were.

    `widget` is what a notebook shows. Every move goes through `pmo.what_if`; nothing is computed here.
    """

    def __init__(self, quarter: Quarter, start: Scenario) -> None:
        self.quarter, self.currency = quarter, quarter.settings["currency"]
        self.folder = locate_scenarios(quarter.data.source)
        self.scope: dict[str, tuple[str, ...]] = {}
        self.desk, self.was = desk.Desk(start), undo_changes(start)
        self.busy = False
        names = quarter.data.frame("services", ["service_id", "name"]).set_index("service_id")["name"].dropna()
        self.names = {s: f"{names.get(s, s)} ({s})" for s in start.work.services}
        self._build(start)
        self._listen()
        self._show()

    def _build(self, start: Scenario) -> None:
        everything = [("all services", ALL)]
        self.service = controls.build_chooser("Service", everything + [(n, s) for s, n in self.names.items()])
        self.segment = controls.build_chooser("Segment", [("all segments", ALL), *_segments(self.quarter, start)])
        self.stored = controls.build_chooser("Open", self._list_stored())
        self.sliders = controls.build_sliders()
        self.staff = controls.build_staff(start.fte)
        self.name = ipywidgets.Text(NEW, description="Name", style={"description_width": "auto"}, layout=_width("18em"))
        self.buttons = {title: Button(description=title, tooltip=tip, layout=_width("auto")) for title, tip in _BUTTONS}
        self.hours, self.result, self.told = HTML(), HTML(), HTML()
        style = HTML(
            f"<style>{stylesheet('parts.css')}{stylesheet('sizing.css')}</style>", layout=Layout(display="none")
        )
        work = VBox([_head("The work"), *self.sliders.values()])
        self.sizes = VBox([_head("The sizes"), self.hours])
        staff = VBox([_head("The team, full-time equivalents"), *self.staff.values()])
        moved = VBox([self.sizes, work, staff])
        kept = HBox([self.name, *self.buttons.values()])
        shown = VBox([kept, self.told, self.result])
        choose = HBox([self.service, self.segment, self.stored])
        body = HBox([moved, shown])
        self.widget = VBox([style, choose, body])
        classes = {"app": self.widget, "choose": choose, "body": body, "moved": moved, "shown": shown, "kept": kept,
                   "sizes": self.sizes}  # fmt: skip
        for name, widget in classes.items():
            widget.add_class(f"pmo-sizing-{name}")

    def _listen(self) -> None:
        for name, slider in self.sliders.items():
            slider.observe(self._when_moved(name), names="value")
        for role, slider in self.staff.items():
            slider.observe(self._when_staffed(role), names="value")
        self.service.observe(self._unless_busy(self._show), names="value")
        self.segment.observe(self._unless_busy(self._change_segment), names="value")
        self.stored.observe(self._unless_busy(self._open), names="value")
        actions = (self._save, self._compare, self._undo, self._redo, self._export, self._start_over)
        for button, action in zip(self.buttons.values(), actions, strict=True):
            button.on_click(self._unless_busy(action))

    def _unless_busy(self, action: Callable[[], None]) -> Callable[[Any], None]:
        """Nothing that the app itself sets is taken for a move; what cannot be done is said, not raised."""

        def act(_: Any) -> None:
            if not self.busy:
                try:
                    action()
                except PmoError as error:
                    self._say(str(error), problem=True)

        return act

    def _when_moved(self, name: str) -> Callable[[Any], None]:
        def move() -> None:
            value = self.limits.value if name == "tier_limits" else self.sliders[name].value
            self._put(controls.read_move(name, value, self.service.value), f"{name} {self.service.value}")

        return self._unless_busy(move)

    def _when_staffed(self, role: str) -> Callable[[Any], None]:
        return self._unless_busy(lambda: self._put({"fte": {role: self.staff[role].value}}, f"fte {role}"))

    def _put(self, changes: dict[str, Any], control: str) -> None:
        self.desk = desk.put(self.desk, what_if(self.desk.now, **changes), control)
        self._say("")
        self._draw()

    def _change_segment(self) -> None:
        self.scope = {"segments": (self.segment.value,)} if self.segment.value != ALL else {}
        start = baseline(self.quarter, **self.scope)
        left = _still_meant(self.desk.now.inputs, start)
        self.desk = desk.Desk(what_if(start, **left))
        self.service.options = [("all services", ALL), *((self.names[s], s) for s in start.work.services)]
        self._show()

    def _open(self) -> None:
        if self.stored.value == ALL:
            return
        stored = read_scenario(self.stored.value)
        scenario = apply_scenario(self.quarter, stored)
        self.scope = {k: v for k in ("services", "segments") if (v := getattr(stored, k))}
        self.desk = desk.put(self.desk, scenario, "")
        if scenario.work is not self.desk.past[-1].work:
            self.desk = desk.Desk(scenario)
        self.name.value = stored.name
        self._show()
        about = "; ".join(", ".join(v) for v in self.scope.values())
        self._say(f"Opened {stored.name}{f', which looks at {about} only' if about else ''}.")

    def _save(self) -> None:
        new = not (self.folder / f"{name_file(self.name.value)}.toml").exists()
        path = write_scenario(self.folder, self._as_stored())
        self.busy = True
        self.stored.options = self._list_stored()
        self.stored.value = str(path)
        self.busy = False
        self._say(f"Saved as {path}{'' if new else ', in place of the one before'}.")

    def _compare(self) -> None:
        name = self.name.value.strip() or NEW
        if name in (AS_IT_WAS, WHAT_IF):
            raise InputError(f"{name!r} is the name of a column already. Give the scenario another.")
        self.desk = desk.keep(self.desk, name)
        self._draw()
        self._say(f"{name} is kept beside. Move on: what you move next is another scenario.")

    def _undo(self) -> None:
        self.desk = desk.undo(self.desk)
        self._show()

    def _redo(self) -> None:
        self.desk = desk.redo(self.desk)
        self._show()

    def _start_over(self) -> None:
        self.desk = desk.put(desk.Desk(self.desk.now, self.desk.past), undo_changes(self.desk.now), "")
        self._show()
        self._say("As it was. Undo brings back what you had.")

    def _export(self) -> None:
        self._draw()
        self.told.value = keeping.export_scenario(self._as_stored(), self._compared(), self.currency)

    def _as_stored(self) -> StoredScenario:
        return StoredScenario(
            self.name.value.strip() or NEW, self.desk.now.inputs, self.quarter.quarter,
            services=self.scope.get("services", ()), segments=self.scope.get("segments", ()),
        )  # fmt: skip

    def _compared(self) -> ScenarioComparison:
        now = self.desk.now
        if self.was.work is not now.work:
            self.was = undo_changes(now)
        return compare_scenarios({AS_IT_WAS: self.was, **self.desk.kept, **({WHAT_IF: now} if now.inputs else {})})

    def _list_stored(self) -> list[tuple[str, str]]:
        paths = list_scenarios(self.folder)
        return [("a saved scenario …" if paths else "none saved yet", ALL), *((p.stem, str(p)) for p in paths)]

    def _say(self, text: str, *, problem: bool = False) -> None:
        self.told.value = render("sizing_said.html.j2", text=text, problem=problem) if text else ""

    def _show(self) -> None:
        """All controls where the scenario has them, then the pictures."""
        self.busy = True
        service, now = self.service.value, self.desk.now
        for name, slider in self.sliders.items():
            value = controls.value_of(now, name, service)
            present = _present_share(now, name, service) if name in SHARES else 1.0
            value = present if value is None else value
            slider.value = round(100 * value) if name in SHARES else value
        for role, slider in self.staff.items():
            slider.value = now.fte[role]
        self.grid = self._place_limits()
        self.busy = False
        self._draw()

    def _place_limits(self) -> list[float]:
        spread = spread_hours(self.desk.now, self.service.value or None, edges=controls.GRID)
        grid = controls.span_grid(spread)
        self.limits = controls.build_limits(grid, controls.place_limits(spread.limits, grid))
        self.limits.observe(self._when_moved("tier_limits"), names="value")
        self.sizes.children = [*self.sizes.children[:2], self.limits]
        for slider in (self.limits, *(self.sliders[name] for name in SHARES)):
            slider.disabled = not spread.enough
        return grid

    def _draw(self) -> None:
        service = self.service.value
        spread = spread_hours(self.desk.now, service or None, edges=controls.GRID)
        self.hours.value = drawing.show_hours(
            spread, self.grid, service=self.names.get(service, "all services"), every=not service
        )
        self.result.value = drawing.show_comparison(self._compared(), self.currency, quarter=self.quarter.quarter)
        self.buttons["Undo"].disabled = not self.desk.past
        self.buttons["Redo"].disabled = not self.desk.future


_BUTTONS = (
    ("Save", "Keep this scenario as a file beside the data"),
    ("Compare", "Keep this scenario as a column and go on with another"),
    ("Undo", "Take back the last move"),
    ("Redo", "Do again what was taken back"),
    ("Export", "Take it along as TOML, Excel or picture"),
    ("Start over", "Everything as it was"),
)


def _segments(quarter: Quarter, start: Scenario) -> list[tuple[str, str]]:
    seen = quarter.groups["customer_id"].isin(start.work.rows["customer_id"])
    return [(str(s)[:1].upper() + str(s)[1:], str(s)) for s in sorted(quarter.groups.loc[seen, "segment"].unique())]


def _present_share(scenario: Scenario, name: str, service: str) -> float:
    share = scenario.share_now(name, service or None)
    return share if is_number(share) else 0.0


def _still_meant(inputs: Mapping[str, Any], start: Scenario) -> dict[str, Any]:
    """The changes without those of services that are not looked at any more."""
    services = set(start.work.services)
    kept = {
        name: {k: v for k, v in value.items() if name == "fte" or k in services} if isinstance(value, dict) else value
        for name, value in inputs.items()
    }
    return {name: value for name, value in kept.items() if value != {}}


def _head(text: str) -> HTML:
    return HTML(render("sizing_head.html.j2", text=text))


def _width(width: str) -> Layout:
    return Layout(width=width)
