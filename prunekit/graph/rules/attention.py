"""Scaled dot-product attention keeps whole heads apart."""

from prunekit.graph.labels import Call, Dims, Labels


def attention(labels: Labels, call: Call) -> Dims:
    """Label ``(batch, heads, queries, channels)``; heads of query, key and value go together.

    The channels inside a head are frozen: the scale 1/√channels would change with a cut.
    """
    query, key, value = (labels.dims(call, name) for name in ("query", "key", "value"))
    for dims in (query, key):
        labels.freeze(dims[-1], "channels inside an attention head")
    labels.couple(key[-2], value[-2])
    heads: Dims = []
    for d in range(len(query) - 2):
        heads.append(labels.couple(labels.couple(query[d], key[d]), value[d]))
    if call.has("attn_mask"):
        labels.freeze_all(labels.dims(call, "attn_mask"), "attention mask")
    return [*heads, query[-2], value[-1]]


RULES = {"scaled_dot_product_attention": attention}
