"""The field guide: for every kind of data the task, the model, why, and what it assumes.

One row a kind. `pearlite guide` finds the row that fits what it is given; ``docs/guide.md`` prints
the rows. A command is a template: ``{data}``, ``{masks}``, ``{target}`` … are filled in by what was
found. A command of a task that this version does not have is never given as one to type.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Other:
    """Another way.

    Parameters
    ----------
    when
        What one wants instead.
    model
        What is recommended then.
    task
        The command's name.
    """

    when: str
    model: str
    task: str


@dataclass(frozen=True)
class Row:
    """A kind of data and what to do with it.

    Parameters
    ----------
    kind
        How people call the data.
    goal
        The question that such data usually answers.
    task
        The command's name.
    model
        What is recommended.
    why
        In a sentence or two.
    assumes
        What has to hold for the answer to be trusted.
    command
        What to type, a template; with the options of `task`.
    today
        What this version does with such data where it lacks the task: templates of commands.
    others
        Other questions to the same data.
    """

    kind: str
    goal: str
    task: str
    model: str
    why: str
    assumes: tuple[str, ...]
    command: str
    today: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()


_SCRIBBLES = Other(
    "phases or objects in it, from a few scribbles",
    "filters and a pretrained encoder at every pixel, boosted trees on top",
    "segment",
)
_CLICKS = Other("one object, from a click", "Segment Anything, small", "prompt")
_VOLUME = Other("a volume with the statistics of this slice", "SliceGAN", "reconstruct")
_STYLE = Other("to look like another microscope's", "style transfer", "style")
_PRETRAIN = Other(
    "a starting point for tasks with few labels", "masked autoencoder (ViT)", "pretrain"
)

FIELD_GUIDE: dict[str, Row] = {
    "image": Row(
        "one image",
        "What does it show without its noise?",
        "denoise",
        "non-local ridge regression behind a noise fit, then a small network; or Noise2Fast",
        "One noisy image is enough: what repeats in it is signal, what does not is noise.",
        (
            "the noise of neighbouring pixels is independent: tested, and refused where it fails",
            "detail repeats, or is larger than a pixel",
        ),
        "pearlite denoise {data} --remedy {remedy}",
        others=(_SCRIBBLES, _CLICKS, _VOLUME, _STYLE),
    ),
    "clean image": Row(
        "images with hardly any noise",
        "Which phases or objects do they show?",
        "segment",
        "filters and a pretrained encoder at every pixel, boosted trees on top, from scribbles",
        "There is little noise to remove; some thousand labelled pixels are enough to start with.",
        (
            "scribbles lie in every phase, and at boundaries",
            "new images have the pixel size and contrast of these",
        ),
        "pearlite segment {data} --masks SCRIBBLES",
        ("pearlite audit {folder}",),
        (
            _CLICKS,
            _VOLUME,
            _STYLE,
            Other("the little noise removed", "non-local ridge regression", "denoise"),
        ),
    ),
    "many images": Row(
        "hundreds of images without labels",
        "What do they have in common?",
        "pretrain",
        "masked autoencoder: a ViT that fills in what was covered",
        "Covered parts are labels that cost nothing; the encoder then needs few real ones.",
        (
            "the images are diverse: a thousand fields of one specimen count as one",
            "later tasks have images like these",
        ),
        "pearlite pretrain {data}",
        ("pearlite audit {data}",),
        (
            _SCRIBBLES,
            Other("images without noise", "non-local ridge regression, image by image", "denoise"),
        ),
    ),
    "images": Row(
        "several images",
        "What do they show without their noise?",
        "denoise",
        "non-local ridge regression behind a noise fit, then a small network, for each image alone",
        "Without labels nothing can be learned about meaning; noise needs no labels.",
        ("the noise of neighbouring pixels is independent: tested for each image",),
        "pearlite denoise {data} --remedy {remedy}",
        others=(_SCRIBBLES, _PRETRAIN, _STYLE),
    ),
    "noisy and clean": Row(
        "noisy images and their clean counterparts",
        "How well does denoising do here?",
        "denoise",
        "non-local ridge regression behind a noise fit, then a small network",
        "The clean image is kept out of the method and judges it: the error is true.",
        ("the clean image shows the same place, and its own noise is much weaker",),
        "pearlite denoise {noisy} --truth {clean}",
    ),
    "images with masks": Row(
        "images with masks",
        "Which pixels belong to which phase?",
        "segment",
        "U-Net on a pretrained encoder; with up to three images, trees on pixel features",
        "A mask gives every pixel a label, so that a few images are a large training set; an "
        "encoder that has seen other pictures needs fewer still.",
        (
            "the masks are right at the boundaries, where most errors are counted",
            "new images have the pixel size and contrast of these",
            "what is tested on comes from other specimens",
        ),
        "pearlite segment {images} --masks {masks}",
        ("pearlite audit {data}",),
        (_CLICKS, _VOLUME, _PRETRAIN),
    ),
    "images with outlines": Row(
        "images with outlined objects",
        "Where is each object, and how large?",
        "segment",
        "U-Net with a head for distances to the boundary, watershed to part what touches",
        "Outlines tell objects apart that touch; a class for each pixel does not.",
        (
            "every object in an image is outlined: what is not counts as background",
            "what is tested on comes from other specimens",
        ),
        "pearlite segment {images} --masks {masks} --instances",
        ("pearlite audit {data}",),
        (_CLICKS,),
    ),
    "class folders": Row(
        "a folder of images for each class",
        "Which class is a new image?",
        "classify",
        "a pretrained encoder with a linear head; fine-tuned from some hundred images a class",
        "What tells classes apart is mostly texture and edges, which pretrained encoders know.",
        (
            "the class is in the picture, not in the instrument, the date or the file's size",
            "images of one specimen stay on one side of the split",
        ),
        "pearlite classify {data}",
        ("pearlite audit {data}", "pearlite lecture digits"),
        (_PRETRAIN,),
    ),
    "labels": Row(
        "a segmented image",
        "Which volume has such slices?",
        "reconstruct",
        "SliceGAN: a generator of volumes, a critic that sees slices only",
        "Slices of a volume look like the image along every axis where the material is isotropic.",
        (
            "the image is large enough to know its own phase fractions",
            "the material is isotropic, or images along each axis are given",
        ),
        "pearlite reconstruct {data}",
    ),
    "label maps": Row(
        "masks without their images",
        "Which images do they belong to?",
        "segment",
        "none before the images are there",
        "A mask is the answer y; the model needs the image x as well.",
        ("each mask has an image of the same name and size",),
        "pearlite segment IMAGES --masks {data}",
    ),
    "volume": Row(
        "a volume",
        "What does it show without its noise?",
        "denoise",
        "non-local ridge regression with neighbours from adjacent planes, then a small network",
        "Adjacent planes show nearly the same: there is more to average than in one image.",
        (
            "the noise of neighbouring pixels is independent: tested; reconstructed tomograms fail "
            "often",
            "planes are registered to each other",
        ),
        "pearlite denoise {data} --axes {axes}",
        others=(
            Other("phases in it, from scribbles or masks", "3-D U-Net, or trees", "segment"),
            Other(
                "a coarse volume made finer", "super-resolution from a sharp slice", "reconstruct"
            ),
        ),
    ),
    "label volume": Row(
        "a segmented volume",
        "Do generated volumes match it?",
        "reconstruct",
        "SliceGAN trained on slices of it, judged against the volume",
        "A volume with known phases is the truth that generated ones are measured by: volume "
        "fractions, two-point correlation, surface area, transport.",
        ("the volume is larger than what repeats in it",),
        "pearlite reconstruct {data}",
    ),
    "time stack": Row(
        "images over time",
        "What does each frame show without its noise?",
        "denoise",
        "non-local ridge regression with neighbours from adjacent frames, then a small network",
        "Frames that follow each other show nearly the same place.",
        (
            "the noise of neighbouring pixels and of frames is independent: tested within frames",
            "little moves from frame to frame",
        ),
        "pearlite denoise {data} --axes {axes}",
        others=(Other("numbers that change over time, such as a mean", "LSTM", "forecast"),),
    ),
    "table, number": Row(
        "a table with a number to predict",
        "What does the number become for a new row?",
        "tabular",
        "extra trees, boosted trees, ridge, Gaussian process and MLP, blended out of fold",
        "On tables of this size trees are hard to beat, none is best everywhere, and a blend is "
        "rarely worse than its best part.",
        (
            "new rows come from the region of these: trees do not extrapolate",
            "rows of one specimen or mix are declared: --group",
        ),
        "pearlite tabular {data} --target {target}",
        ("pearlite audit {data} --target {target}",),
    ),
    "table, class": Row(
        "a table with a class to predict",
        "Which class is a new row?",
        "tabular",
        "extra trees, boosted trees, logistic regression and MLP, blended out of fold",
        "On tables of this size trees are hard to beat; the report shows how far to trust them.",
        (
            "new rows come from the region of these",
            "rows of one specimen are declared: --group",
            "classes are as frequent later as here, or the probabilities shift",
        ),
        "pearlite tabular {data} --target {target}",
        ("pearlite audit {data} --target {target}",),
    ),
    "series": Row(
        "values over time",
        "What comes next?",
        "forecast",
        "LSTM on patches of a season, beside the seasonal naive forecast and a linear one",
        "Its gates keep what matters over long times; the naive forecast tells if it is needed.",
        (
            "the future behaves as the past did: tested on the latest part",
            "times are evenly spaced; gaps are few",
        ),
        "pearlite forecast {data} --target {target}",
        ("pearlite audit {data} --time {time}",),
        (
            Other(
                "one column from the others at the same time",
                "trees, tested on the latest rows (--time)",
                "tabular",
            ),
        ),
    ),
    "many series": Row(
        "many series, one a row",
        "What comes next in each?",
        "forecast",
        "one LSTM for all, on patches of a season, each series scaled by itself",
        "Many short series teach one model more than each teaches its own.",
        (
            "the series are of one kind and one step of time",
            "the future behaves as the past did: tested on the end of each",
        ),
        "pearlite forecast {data}",
    ),
    "signals": Row(
        "signals: one curve a row, such as a spectrum",
        "What does a curve say about its specimen?",
        "tabular",
        "ridge and boosted trees on all points; a 1-D CNN where peaks shift",
        "Neighbouring points say the same, which ridge handles; few curves do not feed a network.",
        (
            "all curves share one axis and are aligned",
            "curves of one specimen are declared: --group",
        ),
        "pearlite tabular {data} --target {target}",
        ("pearlite audit {data}",),
        (
            Other("what curves have in common, without a target", "autoencoder", "pretrain"),
            Other("how each curve goes on, if its axis is time", "LSTM", "forecast"),
            Other(
                "positions and widths of known peaks", "least squares: lecture spectrum", "lecture"
            ),
        ),
    ),
    "corpus": Row(
        "text",
        "What text comes next, and what is like it?",
        "language",
        "a decoder-only transformer on bytes or byte pairs; an n-gram model beside it",
        "Attention lets every token look at all before it; the next token is its own label.",
        (
            "what is withheld are whole documents, not lines",
            "a million characters teach spelling and style, not facts",
        ),
        "pearlite language {data}",
        ("pearlite lecture attention",),
        (Other("a class for each text", "TF-IDF and a linear model, then an encoder", "text"),),
    ),
    "formulas": Row(
        "a list of formulas",
        "What formulas are like these?",
        "language",
        "a small decoder-only transformer on characters",
        "A formula is a short text with a strict grammar: small models learn it.",
        (
            "each formula stands once: the same one in another order is a copy",
            "plausible is not stable: what it writes has to be checked",
        ),
        "pearlite language {data} --cut line",
        (),
        (
            Other(
                "a property of each: add a column with it",
                "trees on element fractions and statistics",
                "tabular",
            ),
        ),
    ),
    "labelled text": Row(
        "a table of texts with a class or number each",
        "What is a new text about?",
        "text",
        "TF-IDF with a linear model as the line to beat, then a pretrained encoder",
        "Words alone often decide; an encoder pays where their order does.",
        (
            "no text is in two parts, not even with other punctuation",
            "new texts come from the same sources",
        ),
        "pearlite text {data} --text {text} --target {target}",
        ("pearlite tabular {data} --target {target}", "pearlite audit {data} --target {target}"),
    ),
    "several": Row(
        "several sets of data",
        "Which of them?",
        "guide",
        "one for each set",
        "Each set asks its own question.",
        (),
        "pearlite guide {data}",
    ),
}


def markdown() -> str:
    """Return the field guide as the Markdown table of ``docs/guide.md``."""
    lines = ["| you have | you ask | model | it assumes | command |", "|---|---|---|---|---|"]
    for row in FIELD_GUIDE.values():
        typed = re.sub(r" (--(?:axes|remedy) \{\w+\})", r" [\1]", row.command)
        typed = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), typed)
        cells = (row.kind, row.goal, row.model, "; ".join(row.assumes) or "–", f"`{typed}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
