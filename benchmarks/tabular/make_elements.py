"""Make src/pearlite/data/elements.csv from the mendeleev package.

Run with `python -m benchmarks.tabular.make_elements` where mendeleev (MIT) is installed; pearlite
itself needs only the file it writes. Empty cells are values that the source does not hold.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from mendeleev.mendeleev import element as element_of
from mendeleev.models import Element

LAST = 103
PLAIN = {
    "symbol": "symbol",
    "atomic_number": "atomic_number",
    "atomic_weight": "atomic_weight",
    "period": "period",
    "mendeleev_number": "mendeleev_number",
    "pettifor_number": "pettifor_number",
    "covalent_radius": "covalent_radius_pyykko",
    "atomic_radius": "atomic_radius_rahm",
    "van_der_waals_radius": "vdw_radius",
    "electronegativity": "en_pauling",
    "polarizability": "dipole_polarizability",
    "electron_affinity": "electron_affinity",
    "density": "density",
    "molar_heat_capacity": "molar_heat_capacity",
    "heat_of_fusion": "fusion_heat",
    "heat_of_evaporation": "evaporation_heat",
    "heat_of_formation": "heat_of_formation",
    "thermal_conductivity": "thermal_conductivity",
    "miedema_electronegativity": "en_miedema",
    "miedema_volume": "miedema_molar_volume",
    "miedema_electron_density": "miedema_electron_density",
}
ROOM = {"s": 2, "p": 6, "d": 10, "f": 14}
OUT = Path(__file__).parents[2] / "src/pearlite/data/elements.csv"


def main() -> None:
    rows = []
    for number in range(1, LAST + 1):
        element = element_of(number)
        row = {name: getattr(element, source) for name, source in PLAIN.items()}
        # The f block has no group of its own; it hangs below group 3.
        row["group"] = element.group_id or 3
        row["ionization_energy"] = element.ionenergies.get(1)
        row["second_ionization_energy"] = element.ionenergies.get(2)
        row["melting_point"] = _warmest(element, "melting_point")
        row["boiling_point"] = _warmest(element, "boiling_point")
        if row["melting_point"] is None:  # carbon: it sublimes
            row["melting_point"] = row["boiling_point"]
        states = element.oxidation_states() or [0]
        row["lowest_oxidation_state"] = min(*states, 0)
        row["highest_oxidation_state"] = max(*states, 0)
        shells = dict.fromkeys(ROOM, 0)
        outside = element.econf.split("]")[-1]
        for shell, electrons in re.findall(r"\d([spdf])(\d*)", outside):
            shells[shell] += int(electrons or 1)
        for shell, room in ROOM.items():
            row[f"{shell}_electrons"] = shells[shell]
            row[f"{shell}_vacancies"] = room - shells[shell] if shells[shell] else 0
        rows.append(row)
    table = pd.DataFrame(rows)
    numbers = table.columns[1:]
    table[numbers] = table[numbers].astype(float).map(lambda x: float(f"{x:.6g}"))
    table.to_csv(OUT, index=False, float_format=_plain)
    print(f"{OUT}: {table.shape[0]} elements, {len(numbers)} properties")
    print(table[numbers].isna().sum().loc[lambda missing: missing > 0].to_string())


def _warmest(element: Element, name: str) -> float | None:
    """Return the highest of the allotropes' temperatures: the form stable up to it."""
    known = [getattr(phase, name) for phase in element.phase_transitions]
    return max((value for value in known if value is not None), default=None)


def _plain(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"


if __name__ == "__main__":
    main()
