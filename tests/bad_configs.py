"""Model files whose configuration must not be built."""

import copy
import json
import struct

from bad_models import CONFIG, damaged, malicious, pack

FUNCTION = {"module": "builtins", "class_name": "function", "registered_name": "function"}
LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {
        "name": "hidden",
        "function": {"class_name": "__lambda__", "config": {"code": "4w=="}},
    },
    "registered_name": None,
}


def part(module, kind, registered=None, **config):
    """Return a reference as Keras writes it."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def layer(config, name):
    """Return the entry of one layer."""
    return next(x for x in config["config"]["layers"] if x["name"] == name)


def changed(parts, change):
    """Return the archive with a changed configuration; `change` edits it or returns another."""
    config = copy.deepcopy(json.loads(parts[CONFIG]))
    config = change(config) or config
    return pack(parts | {CONFIG: json.dumps(config).encode()})


def in_place_of_first(config, kind, module="keras.layers", **settings):
    """Put another class in the place of the layer `first`."""
    layer(config, "first").update(part(module, kind, name="first", **settings))


def case(mark, name):
    """Turn a change into a maker of a bad file."""

    def add(change):
        def make(parts):
            return changed(parts, change)

        make.__name__ = name or change.__name__
        mark(make)
        return change

    return add


def unsafe(words, name=None):
    return case(malicious(words), name)


def broken(words, name=None):
    return case(damaged(words), name)


# --- code

for kind in ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"):

    @unsafe(f"'keras.layers.{kind}' in {kind} 'first', which carries code", f"layer_{kind}")
    def code_layer(config, kind=kind):
        in_place_of_first(config, kind)


@unsafe("'keras.src.layers.core.lambda_layer.Lambda' .* which carries code")
def lambda_by_its_private_name(config):
    in_place_of_first(config, "Lambda", "keras.src.layers.core.lambda_layer")


@unsafe("Lambda 'hidden', which carries code")
def lambda_in_a_wrapper(config):
    in_place_of_first(config, "TimeDistributed", layer=LAMBDA)


@unsafe("Lambda 'hidden', which carries code")
def lambda_in_a_model_in_a_model(config):
    inner = part("keras", "Sequential", name="inner", layers=[LAMBDA])
    in_place_of_first(config, "Sequential", "keras", layers=[inner])


@unsafe("names class '__lambda__' in Dense 'first'")
def lambda_as_activation(config):
    code = {"class_name": "__lambda__", "config": {"value": {"code": "4w=="}}}
    layer(config, "first")["config"]["activation"] = code


@unsafe("names class 'trap.__typespec__'")
def type_of_another_module(config):
    layer(config, "first")["config"]["spec"] = {
        "class_name": "__typespec__",
        "spec_name": "Trap",
        "module": "trap",
        "config": [],
    }


for module, kind in (
    ("trap", "Trap"),
    ("os", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("keras_hub.models", "Trap"),
    ("keras.trap", "Trap"),
    ("keras.callbacks", "CSVLogger"),
    ("keras.saving", "KerasFileEditor"),
    ("keras.utils", "PyDataset"),
    ("keras.src.saving.saving_lib", "H5IOStore"),
    ("keras.layers", "__loader__"),
    (None, "Trap"),
):

    @unsafe(f"names class '.*{kind}' in {kind} 'first'", f"class_{module}_{kind}")
    def foreign_class(config, module=module, kind=kind):
        in_place_of_first(config, kind, module, filename="sprung")


@unsafe("names class 'Dense' in Dense 'first'")
def legacy_layer_without_module(config):
    del layer(config, "first")["module"]


@unsafe("names class 'trap.Trap' in Trap 'first'")
def unregistered_name(config):
    layer(config, "first").update(part("trap", "Trap", "hybrid_zoo>Trap", name="first"))


for module, function in (
    ("trap", "spring"),
    ("os", "system"),
    ("builtins", "eval"),
    ("builtins", "deserialize"),
    ("keras.utils", "get_file"),
    ("keras.saving", "load_model"),
    ("keras.config", "enable_unsafe_deserialization"),
):

    @unsafe(f"names function '{function}' in Dense 'first'", f"activation_{module}_{function}")
    def foreign_function(config, module=module, function=function):
        code = FUNCTION | {"module": module, "config": function, "registered_name": function}
        layer(config, "first")["config"]["activation"] = code


for place in ("loss", "metrics", "optimizer"):

    @unsafe("names class 'trap.Trap' in Functional 'good'", f"{place}_of_another_module")
    def foreign_training(config, place=place):
        config["compile_config"][place] = part("trap", "Trap")


for place in ("kernel_initializer", "kernel_regularizer", "kernel_constraint", "dtype"):

    @unsafe("names class 'trap.Trap' in Dense 'first'", f"{place}_of_another_module")
    def foreign_setting(config, place=place):
        layer(config, "first")["config"][place] = part("trap", "Trap")


@unsafe("would read the file '/etc/passwd'")
def vocabulary_of_a_file(config):
    in_place_of_first(config, "StringLookup", vocabulary="/etc/passwd")


@unsafe("would be run on constants while loading")
def endless_loop_while_loading(config):
    in_place_of_first(config, "WhileLoop", "keras.src.ops.core", cond="linear", body="linear")
    layer(config, "first")["inbound_nodes"] = [{"args": [[1.0]], "kwargs": {}}]


# --- sizes


@unsafe("array of type 'S1000000000'")
def array_of_a_wide_type(config):
    wide = {"class_name": "__numpy__", "config": {"value": [0], "dtype": "S1000000000"}}
    layer(config, "drop")["inbound_nodes"][0]["kwargs"]["mask"] = wide


@unsafe("a table of 1000000000 rows")
def metric_of_many_thresholds(config):
    config["compile_config"]["metrics"][0]["config"]["num_thresholds"] = 10**9


@unsafe("nested more than 100 levels")
def nested_deeply(config):
    for _ in range(300):
        config = {"config": config}
    return config


@malicious("nested more than 100 levels")
def nested_beyond_the_stack(parts):
    return pack(parts | {CONFIG: b"[" * 10**6})


@broken("3000000013 numbers declared, 19 stored")
def billions_of_weights(config):
    first = layer(config, "first")
    first["config"]["units"] = 500_000_002
    del layer(config, "last")["build_config"]


@damaged("a number of 5001 digits")
def number_of_many_digits(parts):
    units = str(10**4000) + "0" * 1000
    return pack(
        parts | {CONFIG: parts[CONFIG].replace(b'"units": 3', f'"units": {units}'.encode())}
    )


# --- not what Keras writes

for name, content in {
    "list": b"[]",
    "text": b'"model"',
    "cut": b'{"module": "keras"',
    "binary": struct.pack("<4d", 1, 2, 3, 4),
    "nothing": b"",
}.items():

    def config_of_another_kind(parts, content=content):
        return pack(parts | {CONFIG: content})

    config_of_another_kind.__name__ = f"config_is_{name}"
    damaged("no JSON that Keras wrote|expected an object")(config_of_another_kind)


@broken("has None in the place of the model")
def config_without_a_model(config):
    return {"layers": config}


@broken("has 'Dense' in the place of the model")
def config_of_a_layer(config):
    return layer(config, "first")


@broken("a class_name that is a list in the model")
def class_that_is_a_list(config):
    config["class_name"] = ["Model"]


@broken("inbound_nodes that are no list in Dense 'first'")
def nodes_that_are_text(config):
    layer(config, "first")["inbound_nodes"] = "drop"


@broken(r"a setting that is no number \(NaN\) in Adam 'adam'")
def rate_that_is_no_number(config):
    config["compile_config"]["optimizer"]["config"]["learning_rate"] = float("nan")


for name, value in {"text": "many", "negative": -1, "fraction": 2.5, "infinity": 1e999}.items():

    @broken("describes no model that can be built", f"units_that_are_{name}")
    def odd_units(config, value=value):
        layer(config, "first")["config"]["units"] = value


@broken("describes no model that can be built")
def unknown_setting(config):
    layer(config, "first")["config"]["sprung"] = True


@broken("describes no model that can be built")
def graph_with_a_loop(config):
    node = layer(config, "first")["inbound_nodes"][0]["args"][0]["config"]
    node["keras_history"] = ["drop", 0, 0]


@broken("describes no model that can be built")
def layer_listed_twice_and_one_missing(config):
    layers = config["config"]["layers"]
    layers[1] = layers[2]


@broken("cannot be rebuilt")
def unknown_optimizer(config):
    config["compile_config"]["optimizer"] = "sprung"
