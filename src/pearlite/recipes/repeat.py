"""The part of every recipe's page that says how to make the run again."""

from pearlite.run import Run
from pearlite.see import page
from pearlite.see.html import Html, tag


def repeat_section(run: Run) -> Html:
    """Return the command, the options, versions and hardware, and the hashes of the inputs."""
    record = run.record
    hardware = ", ".join(str(value) for value in record["hardware"].values() if value)
    inputs = [
        (path.name, page.code(entry["sha256"]))
        for path, entry in zip(run.inputs, record["inputs"], strict=True)
    ]
    return page.section(
        "To repeat it",
        tag("pre", page.code(record["command"])),
        page.details("Options", page.table({**record["options"], "seed": run.seed}.items())),
        page.details(
            "Versions and hardware",
            page.table([*record["versions"].items(), ("hardware", hardware)]),
        ),
        page.details("Inputs (SHA-256)", page.table(inputs)),
    )
