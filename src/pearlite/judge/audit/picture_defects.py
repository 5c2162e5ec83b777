"""Images that cannot be read, are blank or clipped, or of another number type than the rest."""

from collections import Counter

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.picture_set import PictureSet
from pearlite.judge.audit.words import NAMED, counted

_CLIPPED = 0.01  # share of clipped pixels


def find_defects(images: PictureSet) -> list[Finding]:
    """Return what is wrong with the images themselves."""
    found = []
    blank = [n for n, picture in enumerate(images.pictures) if picture.blank]
    if blank:
        found.append(
            Finding(
                "blank images",
                False,
                f"{counted(len(blank), 'image')} hold one value only; leave them out",
                images.named(blank),
                len(blank),
            )
        )
    clipped = [n for n, p in enumerate(images.pictures) if p.saturated > _CLIPPED and not p.blank]
    if clipped:
        worst = max(images.pictures[n].saturated for n in clipped)
        found.append(
            Finding(
                "saturated images",
                False,
                f"{counted(len(clipped), 'image')} with more than {_CLIPPED:.0%} of clipped "
                f"pixels, {worst:.0%} at most: what lies beyond is lost",
                images.named(sorted(clipped, key=lambda n: -images.pictures[n].saturated)),
                len(clipped),
            )
        )
    kinds = Counter(picture.kind for picture in images.pictures)
    if len(kinds) > 1:
        listed_ = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        rare = kinds.most_common()[-1][0]
        odd = [n for n, picture in enumerate(images.pictures) if picture.kind == rare]
        found.append(
            Finding(
                "number types",
                False,
                f"the images have different number types ({listed_}): grey levels do not compare "
                "unless they are brought to one scale",
                images.named(odd),
                len(odd),
            )
        )
    return found


def unreadable_files(errors: dict[str, str]) -> list[Finding]:
    """Return a finding on files that could not be read: the reason by name; none for none."""
    if not errors:
        return []
    return [
        Finding(
            "unreadable files",
            False,
            f"{counted(len(errors), 'file')} could not be read: {next(iter(errors.values()))}",
            tuple(errors)[:NAMED],
            len(errors),
        )
    ]
