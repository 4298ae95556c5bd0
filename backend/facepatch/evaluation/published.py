"""What the paper's Tables 2 and 3 say, by our names of the methods."""

from __future__ import annotations

TABLE_2 = {"kim2021": (47.0, 2.69), "moser2021": (3904.0, 6.31), "paper": (774.0, 24.11)}
"""Training in minutes and inference in ms, RTX 3090. Choi et al. 2025, Table 2."""
TABLE_3 = {"kim2021": (1.4644, 1.1305), "moser2021": (2.6543, 6.3122), "paper": (1.4094, 1.0587)}
"""Vertex error x 1e-3 in the units of the rigs: Mery to Malcolm, Malcolm to Mery. Choi et al. 2025, Table 3."""


def ratios_of_table_3(method: str) -> str:
    """Error of the local patches over the rival's in both directions, as text; a dash where there is none."""
    if method == "paper" or method not in TABLE_3:
        return "–"
    first, second = (TABLE_3["paper"][i] / TABLE_3[method][i] for i in (0, 1))
    return f"{first:.2f} / {second:.2f}"
