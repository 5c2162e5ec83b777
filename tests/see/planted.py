"""Networks and calls with one planted mistake each: (network, call, path, arrived, expected, fix).

The last three are words that the error must say.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SEED = 0


def image(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(SEED))


class Classifier(nn.Module):
    """Made for 28 × 28 images of one channel."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 8, 3, padding=1),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.MaxPool2d(2),
        )
        self.flatten = nn.Flatten()
        self.head = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flatten(self.features(x)))


class Shallow(nn.Module):
    """A two-level U-Net; `flaw` picks what is wrong with it."""

    def __init__(self, flaw: str = "") -> None:
        super().__init__()
        self.flaw = flaw
        self.down = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 1, 2, stride=2)
        self.out = nn.Conv2d(1 if flaw == "appended" else 2, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        up = self.up(self.down(x))
        if self.flaw == "added":
            return x + up
        return self.out(torch.cat([up, x], 1))


class Wrong(nn.Module):
    """A dense layer with something wrong before it."""

    def __init__(self, flaw: Callable[[Tensor], Tensor], inputs: int) -> None:
        super().__init__()
        self.flaw = flaw
        self.head = nn.Linear(inputs, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flaw(x))


class Heads(nn.Module):
    """Attention that cuts a width of 64 into `heads` parts."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(64, 64)

    def forward(self, x_BTD: Tensor, mask: Tensor | None = None) -> Tensor:
        B, T, D = x_BTD.shape
        q = self.query(x_BTD).view(B, T, self.heads, D // self.heads).transpose(1, 2)
        return F.scaled_dot_product_attention(q, q, q, attn_mask=mask)


class Words(nn.Module):
    """Token numbers in, class scores out."""

    def __init__(self, vocabulary: int = 100) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 8)
        self.encoder = nn.LSTM(8, 16, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(tokens_BT))[0][:, -1])


class WithLoss(nn.Module):
    """A network and its loss in one, as a Task is."""

    def __init__(self, net: nn.Module, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.net = net
        self.criterion = loss

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        return self.criterion(y_hat, y)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        return self.L(self.net(x), y)


@dataclass(frozen=True)
class Planted:
    name: str
    network: nn.Module
    call: Callable[[nn.Module], object]
    path: str
    arrived: str
    expected: str
    fix: str


def _labels(*numbers: int) -> Tensor:
    return torch.tensor(numbers)


def _loss(name: str, loss: Callable, x: Tensor, y: Tensor, *said: str, net: nn.Module) -> Planted:
    return Planted(name, WithLoss(net, loss), lambda task: task.loss(x, y), *said)


def planted() -> list[Planted]:
    mlp = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    scores = nn.Linear(4, 3)
    transformer = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(64, 4, 32, batch_first=True), 2, enable_nested_tensor=False
    )
    attention = nn.MultiheadAttention(64, 4, batch_first=True)
    x = image(6, 4)
    return [
        Planted(
            "wrong channels",
            Classifier(),
            lambda net: net(image(2, 3, 28, 28)),
            "features.0",
            "(2, 3, 28, 28)",
            "(B, 1, Y, X)",
            "make colour grey",
        ),
        Planted(
            "wrong channels inside",
            nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(16, 8, 3)),
            lambda net: net(image(2, 1, 28, 28)),
            "2",
            "(2, 8, 26, 26)",
            "(B, 16, Y, X)",
            "make this layer with 8 input channels",
        ),
        Planted(
            "channels last",
            Classifier(3),
            lambda net: net(image(2, 28, 28, 3)),
            "features.0",
            "(2, 28, 28, 3)",
            "(B, 3, Y, X)",
            "x.movedim(-1, 1)",
        ),
        Planted(
            "missing channel axis",
            Classifier(),
            lambda net: net(image(8, 28, 28)),
            "features.0",
            "(8, 28, 28)",
            "(B, 1, Y, X)",
            "x[:, None]",
        ),
        Planted(
            "missing batch and channel axis",
            Classifier(),
            lambda net: net(image(28, 28)),
            "features.0",
            "(28, 28)",
            "(B, 1, Y, X)",
            "x[None, None]",
        ),
        Planted(
            "missing batch axis",
            Classifier(),
            lambda net: net(image(1, 28, 28)),
            "head",
            "(16, 49)",
            "784 features",
            "x[None]",
        ),
        Planted(
            "not flattened",
            Wrong(lambda x: x, 16 * 4 * 4),
            lambda net: net(image(2, 16, 4, 4)),
            "head",
            "(2, 16, 4, 4)",
            "256 features",
            "x.flatten(1)",
        ),
        Planted(
            "flattened with the batch",
            Wrong(lambda x: x.flatten(), 256),
            lambda net: net(image(2, 16, 4, 4)),
            "head",
            "(512,)",
            "256 features",
            "x.flatten(1)",
        ),
        Planted(
            "classifier of another image size",
            Classifier(),
            lambda net: net(image(2, 1, 32, 32)),
            "head",
            "(2, 1024)",
            "784 features",
            "for 32 × 32 it needs 1024",
        ),
        Planted(
            "image smaller than the stride",
            Classifier(),
            lambda net: net(image(2, 1, 2, 2)),
            "features.3",
            "(2, 16, 1, 1)",
            "larger image",
            "(2, 1, 2, 2) float32, too small",
        ),
        Planted(
            "image smaller than the kernel",
            nn.Sequential(nn.Conv2d(1, 4, 5), nn.Conv2d(4, 4, 5)),
            lambda net: net(image(2, 1, 8, 8)),
            "1",
            "(2, 4, 4, 4)",
            "(5, 5) pixels",
            "enlarge or pad",
        ),
        Planted(
            "8-bit image",
            Classifier(),
            lambda net: net(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)),
            "features.0",
            "uint8",
            "float32",
            "x.float() / 255",
        ),
        Planted(
            "double precision",
            mlp,
            lambda net: net(x.double()),
            "0",
            "(6, 4) float64",
            "float32",
            "x.to(torch.float32)",
        ),
        Planted(
            "NumPy array",
            Classifier(),
            lambda net: net(image(2, 1, 28, 28).numpy()),
            "features.0",
            "a NumPy array (2, 1, 28, 28) float32",
            "a torch tensor",
            "torch.as_tensor",
        ),
        Planted(
            "wrong number of features",
            mlp,
            lambda net: net(image(6, 5)),
            "0",
            "(6, 5)",
            "4 features",
            "build the network with 5 inputs",
        ),
        Planted(
            "features not last",
            mlp,
            lambda net: net(image(6, 4, 9)),
            "0",
            "(6, 4, 9)",
            "4 features",
            "x.movedim(1, -1)",
        ),
        Planted(
            "token outside the vocabulary",
            Words(),
            lambda net: net(_labels(3, 100)[None]),
            "embed",
            "tokens from 3 to 100",
            "from 0 to 99",
            "at least 101",
        ),
        Planted(
            "tokens as floats",
            Words(),
            lambda net: net(image(2, 7)),
            "embed",
            "(2, 7) float32",
            "whole numbers",
            "x.long()",
        ),
        Planted(
            "wrong width into a recurrent layer",
            nn.Sequential(nn.Linear(4, 9), nn.LSTM(8, 4, batch_first=True)),
            lambda net: net(image(2, 5, 4)),
            "1",
            "(2, 5, 9)",
            "8 features",
            "9 inputs",
        ),
        Planted(
            "heads that do not divide the width",
            nn.Sequential(Heads(3)),
            lambda net: net(image(2, 5, 64)),
            "0",
            "(2, 5, 64)",
            "3 heads divide",
            "2 heads",
        ),
        Planted(
            "wrong width into attention",
            transformer,
            lambda net: net(image(2, 5, 48)),
            "layers.0.self_attn",
            "(2, 5, 48)",
            "width of 64",
            "width 48",
        ),
        Planted(
            "mask of another length",
            Heads(4),
            lambda net: net(image(2, 5, 64), torch.ones(7, 7, dtype=torch.bool)),
            "Heads",
            "(7, 7) bool",
            "(5, 5)",
            "5 queries, 5 keys",
        ),
        Planted(
            "padding mask given as attention mask",
            Heads(4),
            lambda net: net(image(2, 5, 64), torch.ones(2, 5, dtype=torch.bool)),
            "Heads",
            "(2, 5) bool",
            "(5, 5)",
            "mask[:, None, None, :]",
        ),
        Planted(
            "padding mask of another length",
            attention,
            lambda net: net(*[image(2, 5, 64)] * 3, torch.zeros(2, 6, dtype=torch.bool)),
            "MultiheadAttention",
            "a padding mask (2, 6)",
            "(2, 5)",
            "from the same batch",
        ),
        Planted(
            "skip connection of two sizes, appended",
            nn.Sequential(Shallow()),
            lambda net: net(image(2, 1, 15, 15)),
            "0",
            "(2, 1, 16, 16) float32 and (2, 1, 15, 15) float32",
            "equal on all axes but 1",
            "multiple of the network's stride",
        ),
        Planted(
            "skip connection of two sizes, added",
            Shallow("added"),
            lambda net: net(image(2, 1, 15, 15)),
            "Shallow",
            "(2, 1, 15, 15) float32 and (2, 1, 16, 16) float32",
            "equal, or 1",
            "same strides",
        ),
        Planted(
            "appended channels forgotten",
            Shallow("appended"),
            lambda net: net(image(2, 1, 16, 16)),
            "out",
            "(2, 2, 16, 16)",
            "(B, 1, Y, X)",
            "2 input channels",
        ),
        Planted(
            "normalisation of other channels",
            nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(16)),
            lambda net: net(image(2, 1, 9, 9)),
            "1",
            "(2, 8, 7, 7)",
            "16 channels",
            "8 input channels",
        ),
        Planted(
            "a batch of one in batch normalisation",
            nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)),
            lambda net: net(image(1, 4)),
            "1",
            "(1, 8)",
            "more than one value",
            "at least 2",
        ),
        Planted(
            "groups that do not divide the channels",
            nn.Sequential(nn.Conv2d(1, 6, 3), nn.GroupNorm(3, 6), nn.Conv2d(6, 8, 3)).append(
                _group_norm(4, 8, 10)
            ),
            lambda net: net(image(2, 1, 9, 9)),
            "3.1",
            "(2, 10, 3, 3)",
            "4 groups divide",
            "divides 10",
        ),
        _loss(
            "class number out of range",
            F.cross_entropy,
            x,
            _labels(0, 1, 2, 3, 3, 3),
            "WithLoss.L",
            "classes from 0 to 3",
            "from 0 to 2",
            "4 classes",
            net=scores,
        ),
        _loss(
            "classes counted from one",
            nn.CrossEntropyLoss(),
            x,
            _labels(1, 2, 3, 3, 2, 1),
            "criterion",
            "classes from 1 to 3",
            "from 0 to 2",
            "target - 1",
            net=scores,
        ),
        _loss(
            "targets with an axis too many",
            F.cross_entropy,
            x,
            _labels(0, 1, 2, 0, 1, 2)[:, None],
            "WithLoss.L",
            "(6, 1)",
            "(6,)",
            "target.squeeze(1)",
            net=scores,
        ),
        _loss(
            "class numbers as 32-bit integers",
            F.cross_entropy,
            x,
            _labels(0, 1, 2, 0, 1, 2).int(),
            "WithLoss.L",
            "int32",
            "int64",
            "target.long()",
            net=scores,
        ),
        _loss(
            "view that merges the batch",
            F.cross_entropy,
            x,
            _labels(0, 1, 2, 0, 1, 2),
            "WithLoss.L",
            "(12, 2)",
            "(12,)",
            "12 predictions for 6 targets",
            net=nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (2, 2)), nn.Flatten(0, 1)),
        ),
        _loss(
            "target of another shape",
            F.mse_loss,
            x,
            image(6, 2),
            "WithLoss.L",
            "(6, 2)",
            "(6, 3)",
            "as many outputs",
            net=scores,
        ),
        _loss(
            "target that fits only by repetition",
            F.mse_loss,
            x,
            image(6),
            "WithLoss.L",
            "(6,)",
            "(6, 1)",
            "target.view_as",
            net=nn.Linear(4, 1),
        ),
        _loss(
            "target of another shape in a loss of one's own",
            _mean_square,
            x,
            image(6, 2),
            "WithLoss.L",
            "(6, 3) float32 and (6, 2) float32",
            "equal, or 1",
            "one shape",
            net=scores,
        ),
        _loss(
            "plain output into a loss for probabilities",
            F.binary_cross_entropy,
            x,
            image(6, 3).round(),
            "WithLoss.L",
            "(6, 3)",
            "from 0 to 1",
            "with_logits",
            net=nn.Sequential(nn.Linear(4, 3), _Shift()),
        ),
        Planted(
            "network and data on two devices",
            nn.Sequential(nn.Linear(4, 3)),
            lambda net: net(torch.empty(2, 4, device="meta")),
            "0",
            "(2, 4) on meta",
            "one device",
            "x.to(device)",
        ),
    ]


class _Shift(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 9


def _mean_square(y_hat: Tensor, y: Tensor) -> Tensor:
    return ((y_hat - y) ** 2).mean()


def _group_norm(groups: int, inputs: int, outputs: int) -> nn.Module:
    norm = nn.GroupNorm(groups, groups, affine=False)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3), norm)
