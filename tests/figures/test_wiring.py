from prunekit.figures import structure, wiring
from prunekit.records import Block, Group, Layer


def net(**groups: str) -> tuple[Layer, ...]:
    """Return layers by name, each with the name of its group."""
    return tuple(Layer(name, "conv2d", name, (1,), 1, 1, group) for name, group in groups.items())


# stem → a → b, whose output is added to the stem's; then c → d beside the convolution e of a
# shortcut, added as well; the head reads that
RESIDUAL = net(stem="stem", a="a", b="stem", c="c", d="d", e="d", f="f", g="d", head="head")
LINKS = (
    *(("stem", "a"), ("a", "b"), ("b", "c"), ("stem", "c"), ("c", "d"), ("b", "e"), ("stem", "e")),
    *(("d", "f"), ("e", "f"), ("f", "g"), ("d", "head"), ("e", "head"), ("g", "head")),
)
LANE = {layer.name: 1 if layer.name == "e" else 0 for layer in RESIDUAL}


def test_what_runs_beside_the_main_branch_has_a_lane_of_its_own():
    assert wiring.lanes(RESIDUAL, LINKS) == LANE


def test_three_branches_behind_one_layer_have_three_lanes():
    layers = net(stem="s", a="a", b="b", c="c", head="h")
    links = [("stem", name) for name in "abc"] + [(name, "head") for name in "abc"]
    assert wiring.lanes(layers, links) == {"stem": 0, "a": 0, "b": 1, "c": 2, "head": 0}


def test_sums_are_drawn_as_chains_and_every_reader_is_fed_once():
    feeds, joins = wiring.edges(RESIDUAL, LINKS, LANE)
    assert set(feeds) == {("stem", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("b", "e"), ("d", "f"), ("f", "g"),
                          ("g", "head")}  # fmt: skip
    assert joins == (("stem", "b"), ("e", "d"), ("d", "g"))


def test_what_is_concatenated_keeps_its_own_edges():
    layers = net(a="a", b="b", head="h")
    links = (("a", "b"), ("a", "head"), ("b", "head"))
    assert wiring.edges(layers, links, dict.fromkeys("abh", 0) | {"head": 0}) == (links, ())


def test_a_layer_that_is_part_of_two_sums_joins_both():
    layers = net(a="g", b="g", c="g", x="x", y="y")
    links = (("a", "b"), ("a", "c"), ("a", "x"), ("b", "x"), ("a", "y"), ("c", "y"))
    _, joins = wiring.edges(layers, links, {"a": 0, "b": 0, "c": 1, "x": 0, "y": 0})
    assert joins == (("a", "b"), ("a", "c"))


def test_a_layer_that_runs_twice_reads_what_stands_behind_it():
    layers = net(a="g", b="g")
    links = (("a", "b"), ("b", "a"), ("a", "a"))
    assert wiring.lanes(layers, links) == {"a": 0, "b": 0}
    feeds, joins = wiring.edges(layers, links, {"a": 0, "b": 0})
    assert {*feeds, *joins} == {("a", "b"), ("b", "a")}
    assert len(structure.diagram(layers, (), links).data) == 3


def test_a_bracket_inside_another_hangs_lower():
    groups = [Group(name, "channel", 1, layers, (), ()) for name, layers in
              (("outer", ("a", "d")), ("inner", ("b", "c")), ("behind", ("e", "f")), ("single", ("f",)))]  # fmt: skip
    place = {name: index for index, name in enumerate("abcdef")}
    assert wiring.levels(groups, place) == {"outer": 1, "inner": 0, "behind": 0}


def test_an_edge_bends_only_around_layers_of_its_own_lane():
    taken = {(0, 0), (1, -1), (2, 0), (3, 0), (4, 0)}
    assert wiring.arc((0, 0), (2, 0), taken) == [(0, 0), (2, 0)]
    assert wiring.arc((0, 0), (1, -1), taken) == [(0, 0), (1, -1)]
    bent = wiring.arc((2, 0), (4, 0), taken)
    assert (bent[0], bent[-1]) == ((2, 0), (4, 0))
    assert -1 < min(y for _, y in bent) < -0.25


def test_the_diagram_frames_blocks_and_brackets_what_is_cut_together():
    groups = (Group("stem", "channel", 1, ("stem", "b"), (), (), linked="added"),)
    made = structure.diagram(RESIDUAL, groups, LINKS, (Block("block", ("a", "b")),))
    drawn = {trace.name: trace for trace in made.data}
    assert list(drawn["cut together"].x) == [0, 0, 0, 2, 2, 2, None]
    assert set(drawn["cut together"].text) == {"stem: added"}
    frame = drawn["block: can be removed whole"]
    assert (min(frame.x[:-1]), max(frame.x[:-1]), set(frame.text)) == (0.6, 2.4, {"block"})
    assert list(drawn["layer (square: protected)"].y) == [0, 0, 0, 0, 0, -1, 0, 0, 0]


def test_a_large_network_takes_few_traces():
    layers = net(**{f"l{i}": f"g{i % 20}" for i in range(60)})
    groups = [Group(f"g{i}", "channel", 1, (f"l{i}", f"l{i + 20}", f"l{i + 40}"), (), ()) for i in range(20)]
    links = [(f"l{i}", f"l{i + 1}") for i in range(59)]
    made = structure.diagram(layers, groups, links, [Block(f"b{i}", (f"l{i}",)) for i in range(30)])
    assert (len(made.data), len(made.layout.shapes)) == (1 + 6 + 1 + 1, 0)
