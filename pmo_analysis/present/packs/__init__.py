"""A pack part by part, as its notebook shows it: two pages for one customer, segment or category."""

from pmo_analysis.present.packs.beside import show_compared as compared
from pmo_analysis.present.packs.got import show_costs as costs
from pmo_analysis.present.packs.got import show_got as got
from pmo_analysis.present.packs.got import show_title as title
from pmo_analysis.present.packs.next import show_asked as asked
from pmo_analysis.present.packs.next import show_limits as limits
from pmo_analysis.present.packs.next import show_suggested as suggested
from pmo_analysis.quarter.pack_tables import PackTables
from pmo_analysis.quarter.packs import make_pack

__all__ = ["asked", "compared", "costs", "got", "limits", "show_everything", "suggested", "title"]


def show_everything(tables: PackTables, by: str, group: str) -> list[object]:
    """All parts of one pack, in their order."""
    pack = make_pack(tables, by, group)
    return [show(pack) for show in (title, got, costs, compared, suggested, asked, limits)]
