"""Weights of others in our decoder, and ours in theirs."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from pearlite.data.tokens import Tokeniser, byte_pairs, characters
from pearlite.errors import InputError
from pearlite.nets.huggingface import read, read_tokeniser, write
from pearlite.nets.lora import adapt, merge, trainable
from pearlite.nets.transformer import TransformerDecoder

VOCABULARY, CONTEXT = 31, 16
EXACT = {"atol": 1e-4, "rtol": 0}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tokens(rows=3, length=CONTEXT):
    return torch.randint(VOCABULARY, (rows, length), generator=seeded(1))


def theirs(kind, **options):
    """Make a small network of transformers, with weights that are large enough to matter."""
    transformers = pytest.importorskip("transformers")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    ends = {"bos_token_id": None, "eos_token_id": None}
    if kind == "gpt2":
        sizes = {"n_positions": CONTEXT, "n_embd": 24, "n_layer": 2, "n_head": 3}
        config = transformers.GPT2Config(vocab_size=VOCABULARY, **ends, **sizes | options)
        network = transformers.GPT2LMHeadModel(config)
    else:
        sizes = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2}
        sizes |= {"num_attention_heads": 3, "max_position_embeddings": CONTEXT}
        config = transformers.LlamaConfig(vocab_size=VOCABULARY, **ends, **sizes | options)
        network = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.normal_(0, 0.3, generator=seeded(number))
    return network.eval()


def opened(folder, **options):
    """Open a folder as its user would."""
    transformers = pytest.importorskip("transformers")
    transformers.utils.logging.disable_progress_bar()
    return transformers.AutoModelForCausalLM.from_pretrained(folder, **options).eval()


def ours(**options):
    network = TransformerDecoder(
        VOCABULARY, context=CONTEXT, width=24, depth=2, heads=3, generator=seeded(), **options
    )
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.normal_(0, 0.3, generator=seeded(number))
    if network.head is not None and network.head.bias is not None:
        torch.nn.init.zeros_(network.head.bias)
    return network.eval()


LLAMA = {"positions": "rotary", "norm": "rms", "mlp": "swiglu"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("gpt2", {}),
        ("gpt2", {"activation_function": "relu", "n_inner": 40, "layer_norm_epsilon": 1e-3}),
        ("gpt2", {"tie_word_embeddings": False}),
        ("llama", {}),
        ("llama", {"num_key_value_heads": 1, "rms_norm_eps": 1e-2}),
        ("llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
        ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}}),
    ],
)
@torch.no_grad()
def test_a_folder_gives_the_logits_of_transformers_there_and_back(kind, options, tmp_path):
    reference = theirs(kind, **options)
    reference.save_pretrained(tmp_path / "given")
    network = read(tmp_path / "given")
    expected = reference(tokens()).logits
    assert expected.std() > 0.3
    torch.testing.assert_close(network(tokens()), expected, **EXACT)
    write(network, tmp_path / "written")
    torch.testing.assert_close(opened(tmp_path / "written")(tokens()).logits, expected, **EXACT)


@pytest.mark.parametrize(
    "options",
    [
        {"positions": "learned", "mlp": "gelu_tanh", "tied": True},
        {"positions": "sinusoidal", "mlp": "relu_squared"},
        {**LLAMA, "groups": 1},
        {**LLAMA, "rotary_pairing": "halves", "bias": False, "tied": True, "rotary_base": 500.0},
    ],
)
@torch.no_grad()
def test_our_decoders_open_in_transformers(options, tmp_path):
    network = ours(**options)
    write(network, tmp_path / "written")
    torch.testing.assert_close(
        opened(tmp_path / "written")(tokens()).logits, network(tokens()), **EXACT
    )
    torch.testing.assert_close(read(tmp_path / "written")(tokens()), network(tokens()), **EXACT)


@torch.no_grad()
def test_shards_are_read_as_one_file(tmp_path):
    reference = theirs("llama")
    reference.save_pretrained(tmp_path, max_shard_size="10KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    torch.testing.assert_close(read(tmp_path)(tokens()), reference(tokens()).logits, **EXACT)
    first, second, *_ = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    (tmp_path / first).unlink()
    (tmp_path / second).unlink()
    with pytest.raises(InputError, match=rf"lacks {first}, {second}, of \d+ files"):
        read(tmp_path)


@torch.no_grad()
def test_half_precision_becomes_single_unless_asked_otherwise(tmp_path):
    theirs("llama").bfloat16().save_pretrained(tmp_path)
    network = read(tmp_path)
    assert network.embed.weight.dtype == torch.float32
    expected = opened(tmp_path, dtype=torch.float32)(tokens()).logits
    torch.testing.assert_close(network(tokens()), expected, **EXACT)
    assert read(tmp_path, dtype=None).embed.weight.dtype == torch.bfloat16


@torch.no_grad()
def test_files_of_a_model_without_a_head_and_old_configurations_are_read(tmp_path):
    reference = theirs("gpt2")
    reference.transformer.save_pretrained(tmp_path / "gpt2")
    torch.testing.assert_close(
        read(tmp_path / "gpt2")(tokens()), reference(tokens()).logits, **EXACT
    )
    reference = theirs("llama", rope_parameters={"rope_type": "default", "rope_theta": 77.0})
    reference.save_pretrained(tmp_path / "llama")
    change(tmp_path / "llama", rope_parameters=None, rope_theta=77.0, rope_scaling=None)
    torch.testing.assert_close(
        read(tmp_path / "llama")(tokens()), reference(tokens()).logits, **EXACT
    )


def change(folder, **options):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | options))


def change_weights(folder, function):
    weights = load_file(folder / "model.safetensors")
    function(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.fixture
def llama(tmp_path):
    return write(ours(**LLAMA, tied=True), tmp_path / "llama")


@pytest.fixture
def gpt2(tmp_path):
    return write(ours(positions="learned", mlp="gelu_tanh"), tmp_path / "gpt2")


def test_a_pickle_is_not_opened_and_how_to_convert_it_is_said(llama):
    (llama / "model.safetensors").rename(llama / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model.bin, a pickle.*save_pretrained"):
        read(llama)
    (llama / "pytorch_model.bin").unlink()
    with pytest.raises(InputError, match=r"holds no model.safetensors"):
        read(llama)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model_type": "bert"}, r"model_type 'bert'; pearlite reads gpt2 and llama"),
        ({"quantization_config": {"bits": 4}}, "quantised"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "'linear'"),
        ({"rope_parameters": {"rope_type": "llama3"}}, "'llama3'"),
        ({"hidden_act": "gelu"}, "hidden_act='gelu'.*'silu'"),
        ({"mlp_bias": False}, "mlp_bias=False.*only knows True"),
        ({"head_dim": 16}, "head_dim=16"),
        ({"num_attention_heads": 5}, "24 .*5 equal heads|head_dim"),
        ({"vocab_size": 30}, r"embed_tokens.weight' has shape \(31, 24\).*\(30, 24\)"),
        ({"num_hidden_layers": 3}, "no tensor 'model.layers.2"),
        ({"intermediate_size": "many"}, "describes no network"),
        ({"tie_word_embeddings": False}, "no tensor 'lm_head.weight'"),
    ],
)
def test_what_does_not_fit_a_llama_is_named(options, said, llama):
    change(llama, **options)
    with pytest.raises(InputError, match=said):
        read(llama)


def test_what_does_not_fit_a_gpt2_is_named(gpt2):
    change(gpt2, activation_function="mish")
    with pytest.raises(InputError, match=r"'mish'; pearlite knows gelu_new"):
        read(gpt2)
    change(gpt2, activation_function="gelu_new", scale_attn_by_inverse_layer_idx=True)
    with pytest.raises(InputError, match="scale_attn_by_inverse_layer_idx"):
        read(gpt2)
    change(gpt2, scale_attn_by_inverse_layer_idx=False, tie_word_embeddings=True)
    with pytest.raises(InputError, match=r"head of their own.*tie_word_embeddings"):
        read(gpt2)


def test_damaged_files_are_named(llama, tmp_path):
    with pytest.raises(InputError, match=r"holds no config.json"):
        read(tmp_path)
    change_weights(llama, lambda weights: weights["model.norm.weight"].fill_(torch.nan))
    with pytest.raises(InputError, match=r"'model.norm.weight' holds what is no number"):
        read(llama)
    content = (llama / "model.safetensors").read_bytes()
    (llama / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a complete safetensors file"):
        read(llama)
    (llama / "config.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        read(llama)
    (llama / "config.json").write_text("{}")
    with pytest.raises(InputError, match="model_type None"):
        read(llama)
    (llama / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match="has no 'hidden_size'"):
        read(llama)


def test_an_index_cannot_lead_outside_the_folder(llama):
    shutil.move(llama / "model.safetensors", llama.parent / "secret.safetensors")
    index = {"weight_map": {"model.norm.weight": "../secret.safetensors"}}
    (llama / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="outside the folder"):
        read(llama)
    (llama / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(InputError, match="does not say where"):
        read(llama)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ngrams": (50,), "shift": 2}, r"n-gram tables \(ngrams\) and a token shift \(shift\)"),
        ({"query_key_norm": True}, "query_key_norm"),
        ({"mlp": "relu_squared"}, r"relu_squared \(mlp\)"),
        ({"norm": "layer"}, "layer norms"),
        ({"cross": True}, "a memory"),
        ({"positions": "learned"}, r"GPT-2: it has RMS norms .*swiglu"),
    ],
)
def test_what_neither_file_can_hold_is_named(options, said, tmp_path):
    with pytest.raises(InputError, match=said):
        write(ours(**LLAMA | options), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten_and_adaptors_are_refused(llama):
    with pytest.raises(InputError, match="holds other files"):
        write(ours(**LLAMA), llama)
    network = ours(**LLAMA)
    torch.nn.init.ones_(network.head.bias)
    with pytest.raises(InputError, match="biases of the head"):
        write(network, llama.parent / "other")
    adapt(network, 1, generator=seeded())
    with pytest.raises(InputError, match="merge them"):
        write(network, llama.parent / "other")


def test_the_tokeniser_travels_along(tmp_path):
    transformers = pytest.importorskip("transformers")
    text = "to be, or not to be, that is the question"
    for name, tokeniser in (
        ("bpe", byte_pairs([text] * 5, 270)),
        ("characters", characters([text])),
    ):
        network = TransformerDecoder(
            len(tokeniser), context=8, positions="learned", head_bias=False, generator=seeded()
        )
        write(network, tmp_path / name, tokeniser, chat=True)
        opened = transformers.AutoTokenizer.from_pretrained(tmp_path / name)
        assert opened(text)["input_ids"] == tokeniser.encode(text).tolist()
        assert opened.decode(tokeniser.encode(text)) == text
        assert opened.eos_token_id == tokeniser.end
        turns = [{"role": "user", "content": "to"}, {"role": "assistant", "content": "be"}]
        said = opened.apply_chat_template(turns, tokenize=False)
        assert said == "<|end|>tobe<|end|>"
        again = read_tokeniser(tmp_path / name, len(tokeniser))
        assert again is not None
        assert again.encode(text).tolist() == tokeniser.encode(text).tolist()


def test_a_tokeniser_of_another_network_is_refused(tmp_path):
    tokeniser = characters(["abcdefgh"])
    tokeniser.save(tmp_path / "tokenizer.json")
    assert isinstance(read_tokeniser(tmp_path, len(tokeniser)), Tokeniser)
    with pytest.raises(InputError, match=r"up to number 10, .* vectors for 7"):
        read_tokeniser(tmp_path, 7)
    (tmp_path / "tokenizer.json").unlink()
    assert read_tokeniser(tmp_path, 7) is None


def test_gpt2_learns_by_adaptors_that_merge(gpt2):
    network = read(gpt2)
    adapt(network, 2, generator=seeded())
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(learning, 0.1)
    before = network(tokens())
    for _ in range(3):
        optimiser.zero_grad()
        network(tokens()).logsumexp(-1).mean().backward()
        optimiser.step()
    adapted = network(tokens())
    assert (adapted - before).abs().max() > 1e-3
    merge(network)
    torch.testing.assert_close(network(tokens()), adapted, atol=1e-5, rtol=0)


def test_adaptors_of_a_network_of_usual_width_are_few():
    network = TransformerDecoder(
        8_000, width=512, depth=2, heads=8, positions="learned", tied=True, generator=seeded()
    )
    adapt(network, 4, generator=seeded())
    learning, total = trainable(network)
    assert 0 < learning <= 0.02 * total
