from prunekit.figures.bits import bits_heatmap, bits_table
from prunekit.records import Kind, Point, Reading, Status


def point(layer, bits, kl, value=0.9):
    reading = Reading("accuracy", value, 100, 90, (0.8, 0.95), 0.3, kl, "validation", Status.MEASURED, "r")
    return Point(Kind.BITS, layer, float(bits), reading)


def test_every_cell_stands_at_its_layer_and_bits_as_the_logarithm_of_its_harm():
    made = bits_heatmap([point("a", 8, 0.01), point("$b$", 8, 1e-9), point("a", 2, 0.1, 0.5)])
    (trace,) = made.data
    assert list(trace.x) == ["8", "2"]
    assert list(trace.y) == ["a", "&#36;b&#36;"]
    assert [[round(z, 6) if z is not None else None for z in row] for row in trace.z] == [[-2.0, -1.0], [-3.0, None]]
    assert trace.text[0][1] == "50.0 %"
    assert made.layout.title.text == "How many bits does each layer need?"


def test_the_table_has_a_row_for_each_cell_and_nothing_says_what_to_do():
    assert bits_table([point("a", 8, 0.01)]) == [{"layer": "a", "bits": 8, "accuracy": 0.9, "KL to dense, nats": 0.01}]
    assert "Start the scan" in bits_heatmap([]).layout.annotations[0].text
