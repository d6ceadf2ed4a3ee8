import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.attention_pool import AttentionPool
from hybrid_zoo.notes import bigru_attention
from hybrid_zoo.notes.bigru_attention import TokensInOrder
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.tabular import plr_mlp
from hybrid_zoo.tabular.plr_mlp import PeriodicEmbedding

NAN = np.nan


def table_spec(x, categorical=()):
    return InputSpec.from_arrays({"tabular": x}, categorical=categorical)


def plr(score, c, kernel, bias):
    """One number's embedding by the paper's equation, in double precision."""
    v = 2 * np.pi * c * score
    return np.maximum(np.concatenate([np.sin(v), np.cos(v)]) @ kernel + bias, 0)


def test_a_periodic_embedding_equals_the_equation_of_its_paper():
    rng, layer = np.random.default_rng(0), PeriodicEmbedding(3, 4, 0.5)
    layer.build((None, 2))
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    scores = rng.normal(size=(6, 2)).astype("float32")
    scores[1, 0] = scores[2] = NAN
    c, kernel, bias = (w.astype("float64") for w in layer.get_weights())
    expected = np.zeros((6, 10))
    for row, column in np.ndindex(6, 2):
        if np.isnan(scores[row, column]):
            expected[row, 8 + column] = 1
        else:
            own = plr(scores[row, column], c[column], kernel[column], bias[column])
            expected[row, 4 * column : 4 * column + 4] = own
    np.testing.assert_allclose(layer(scores), expected, atol=1e-5)


def test_the_frequencies_start_normal_with_the_deviation_asked_for():
    layer = PeriodicEmbedding(200, 1, 0.2)
    layer.build((None, 50))
    start = layer.get_weights()[0]
    assert start.shape == (50, 200)
    assert abs(start.std() - 0.2) < 0.005 and abs(start.mean()) < 0.01


def test_a_periodic_embedding_of_k_frequencies_holds_as_many_weights_as_its_layers():
    model = plr_mlp(make_spec(), embedding=(5, 3), units=4)
    assert model.get_layer("embedding").count_params() == 5 + 2 * 5 * 3 + 3  # one numeric column
    widths = [x.kernel.shape[0] for x in model.layers if isinstance(x, keras.layers.Dense)]
    assert widths == [3 + 1 + 3 + 2, 4]  # embedding, flag, three codes, unknown and missing


@pytest.mark.parametrize("categorical", [(), (0, 1)])
def test_plr_mlp_reads_tables_of_only_numbers_and_of_only_categories(categorical):
    x = np.random.default_rng(0).integers(0, 4, (12, 2)).astype("float32")
    x[3] = x[4, 1] = NAN
    features = plr_mlp(table_spec(x, categorical), units=5)(x)
    assert features.shape == (12, 5) and np.isfinite(features).all() and np.ptp(features) > 0


def test_plr_mlp_tells_missing_and_unseen_categories_apart():
    x = np.array([[0.0], [1.0], [9.0], [NAN]], "float32")
    spec = InputSpec.from_arrays({"tabular": x}, categorical=(0,), rows=np.arange(2))
    keras.utils.set_random_seed(0)
    features = np.array(plr_mlp(spec, units=16)(np.append(x, [[5.0]], axis=0)))
    assert len(np.unique(features.round(5), axis=0)) == 4  # the two unseen codes are alike
    np.testing.assert_array_equal(features[2], features[4])


@pytest.mark.parametrize(
    "options",
    [{"embedding": e} for e in ((0, 4), (4, 0), (4,), (4, 4, 4))]
    + [{"sigma": 0.0}, {"sigma": NAN}],
)
def test_an_impossible_embedding_is_refused(options):
    with pytest.raises(ConfigError, match=r"plr_mlp: embedding=.*sigma=.* is impossible; expected"):
        plr_mlp(make_spec(), **options)


def additive(rows, w, b, u):
    """Equations 5 to 7 of Yang et al. 2016 for one text, step by step."""
    scores = np.array([float(u @ np.tanh(h @ w + b)) for h in rows.astype("float64")])
    weights = np.exp(scores) / np.exp(scores).sum()
    return sum(a * h for a, h in zip(weights, rows, strict=True)), weights


def test_attention_over_steps_equals_the_equations_of_its_paper():
    rng, layer = np.random.default_rng(0), AttentionPool(4)
    states = rng.normal(size=(4, 6, 5)).astype("float32")
    valid = np.arange(6)[None] < np.array([[6], [3], [1], [0]])
    valid[0, 2] = False
    layer.build((4, 6, 5), (4, 6))
    assert layer.count_params() == 5 * 4 + 2 * 4
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    w, b, u = (x.astype("float64") for x in layer.get_weights())
    pooled, weights = (np.array(t) for t in layer(states, valid))
    for sample in range(3):
        expected = additive(states[sample, valid[sample]], w, b, u[:, 0])
        np.testing.assert_allclose(pooled[sample], expected[0], atol=1e-6)
        np.testing.assert_allclose(weights[sample, valid[sample]], expected[1], atol=1e-6)
    assert (weights[~valid] == 0).all() and (pooled[3] == 0).all()
    np.testing.assert_array_equal(layer(states, valid.astype("float32"))[1], weights)


def test_attention_over_steps_is_rebuilt_from_its_config_with_the_real_shapes():
    layer = AttentionPool(3, name="odd")
    twin = AttentionPool.from_config(layer.get_config())
    assert (twin.units, twin.name) == (3, "odd")
    symbolic = twin(keras.Input((None, 5)), keras.Input((None,), dtype="bool"))
    assert [x.shape for x in symbolic] == [(None, 5), (None, None)]


def test_tokens_close_ranks_and_no_mask_is_all_false():
    tokens = np.array([[0, 7, 0, 3], [0, 0, 0, 0], [5, 6, 7, 8]], "int32")
    words, real, mask = (np.array(t) for t in TokensInOrder()(tokens))
    assert words.tolist() == [[7, 3, 0, 0], [0, 0, 0, 0], [5, 6, 7, 8]]
    assert real.tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert mask.tolist() == [[True, True, False, False], [True, False, False, False], [True] * 4]


@pytest.mark.parametrize("places", [[5] * 7, [0, 0], [1, 2, 2, 4]])
def test_zeros_change_no_feature_of_a_note_wherever_they_are(places):
    tokens = make_inputs()["tokens"]
    tokens[3] = 0
    model = bigru_attention(make_spec(), units=4)
    features = model(tokens)
    assert np.isfinite(features).all() and np.ptp(features) > 0
    np.testing.assert_allclose(model(np.insert(tokens, places, 0, axis=1)), features, atol=1e-6)


def test_the_order_of_words_matters():
    tokens = np.arange(1, 6, dtype="int32")[None]
    model = bigru_attention(make_spec(), units=8)
    assert np.abs(model(tokens) - model(tokens[:, ::-1])).max() > 1e-5


def test_the_gru_of_a_note_holds_as_many_weights_as_the_closed_form_says():
    model = bigru_attention(make_spec(), units=4)
    (gru,) = (x for x in model.layers if isinstance(x, keras.layers.Bidirectional))
    assert gru.count_params() == 2 * 3 * 4 * (4 + 4 + 2)
    assert model.get_layer("attention").count_params() == 8 * 4 + 2 * 4


def test_the_attention_of_words_is_read_off_a_hybrid_by_name():
    inputs = {name: make_inputs()[name] for name in ("tokens", "tabular")}
    inputs["tokens"][1] = 0
    options = HybridOptions(metrics=False)
    model = make_model(make_spec(inputs), tokens="bigru_attention", options=options)
    encoder = model.get_layer("tokens_bigru_attention")
    reader = keras.Model(encoder.inputs, encoder.get_layer("attention").output[1])
    weights, real = reader.predict(inputs["tokens"], verbose=0), inputs["tokens"] != 0
    assert weights.shape == (24, 5) and (weights[~real] == 0).all() and (weights[real] > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), real.any(axis=1), atol=1e-6)
