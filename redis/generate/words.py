# SPDX-License-Identifier: MIT
"""A command's arguments, as COMMAND DOCS has them, as C: parameters of a function,
fields of its options, and the statements that put them on the wire.

An argument that must be there is a parameter, one that may be there a field of
the options; a list of them is an array with its length; words that stand for
themselves are booleans, and an enum where one of them must be given.
"""

ENUMS = {
    ("LEFT", "RIGHT"): "end",
    ("BEFORE", "AFTER"): "side",
    ("MIN", "MAX"): "extreme",
    ("AND", "OR", "XOR", "NOT"): "bitop_kind",
    ("M", "KM", "FT", "MI"): "unit",
}
NUMBERS = {"integer": ("int64_t", "int"), "unix-time": ("int64_t", "int"),
           "double": ("double", "double")}
PLURALS = {"data": "values", "key": "keys", "numkey": "keys"}


def plural(name):
    return PLURALS.get(name, name if name.endswith("s") else name + "s")


class Command:
    """What one function is made of."""

    def __init__(self, name, words, arguments, directives):
        self.name = name
        self.without = directives.get("without", [])
        self.must = directives.get("with", [])
        self.one = directives.get("one", [])
        self.zero = directives.get("zero", [])
        self.raw = directives.get("raw", [])
        self.free = directives.get("free", [])
        self.pick = dict(p.split("=") for p in directives.get("pick", []))
        self.names = dict(p.split("=") for p in directives.get("call", []))
        self.params = []  # (type, name); type "values" for an array
        self.fields = []  # (type, name, remark)
        self.steps = []   # (kind, ...) in the order of the wire
        self.known = set()
        for word in words:
            self.steps.append(("word", word))
        self.arguments(arguments)
        unknown = {n for n in [*self.without, *self.must, *self.one, *self.zero,
                               *self.raw, *self.free, *self.pick,
                               *self.names]} - self.known
        if unknown:
            raise SystemExit(f"{name}: no argument {', '.join(sorted(unknown))}")

    def arguments(self, arguments):
        for i, argument in enumerate(arguments):
            self.argument(argument, arguments[i + 1:])

    def argument(self, a, following=()):
        name = a["name"]
        self.known.add(name)
        if name in self.without:
            return
        if name in self.raw:
            self.array(plural(name))
        elif name == "trim":
            self.trim()
        elif a.get("optional") and name not in self.must:
            self.optional(a)
        else:
            self.required(a, following)

    # --- What must be there

    def required(self, a, following):
        kind = a["type"]
        if kind == "oneof":
            self.choice(a)
        elif kind == "pure-token":
            self.steps.append(("word", a["token"]))
        elif a["name"] in ("numkeys", "numfields"):
            self.count(following[0])
        else:
            if "token" in a:
                self.steps.append(("word", a["token"]))
            if kind == "block" and self.is_parallel(a):
                self.parallel(a)
            elif a.get("multiple") and a["name"] not in self.one:
                self.array(plural(a["name"]))
            elif kind == "block":
                self.arguments(a["arguments"])
            else:
                self.single(a)

    def single(self, a):
        self.known.add(a["name"])
        name = self.names.get(a["name"], a["name"])
        c_type, step = NUMBERS.get(a["type"], ("diesel_value", "value"))
        if a["name"] in self.free:
            c_type, step = "diesel_value", "value"
        self.params.append((c_type, name))
        self.steps.append((step, name))

    def array(self, name):
        self.params.append(("values", name))
        self.steps.append(("array", name))

    def count(self, what):
        per = len(what.get("arguments", [None]))
        self.steps.append(("count", plural(what["name"]), per))

    @staticmethod
    def is_parallel(a):
        inner = a["arguments"]
        return len(inner) == 2 and all(x.get("multiple") for x in inner)

    def parallel(self, a):
        first, second = (plural(x["name"]) for x in a["arguments"])
        self.params.append(("parallel", first, second))
        self.steps.append(("parallel", first, second))

    def choice(self, a):
        inner = [x for x in a["arguments"] if x["name"] not in self.without]
        self.known.update(x["name"] for x in a["arguments"])
        if a["name"] in self.pick:
            inner = [x for x in inner if x["name"] == self.pick[a["name"]]]
        if len(inner) == 1:
            self.required(inner[0], ())
            return
        tokens = tuple(x.get("token") for x in inner)
        if tokens not in ENUMS:
            raise SystemExit(f"{self.name}: choose one of {a['name']}: {tokens}")
        self.params.append(("dredis_" + ENUMS[tokens], a["name"]))
        self.steps.append(("enum", ENUMS[tokens], a["name"]))

    # --- What may be there

    def optional(self, a):
        kind, token = a["type"], a.get("token")
        if a.get("multiple"):
            self.optional_array(a)
        elif kind == "oneof" and token:
            words = ", ".join(f'"{x["token"]}"' for x in a["arguments"])
            self.field("const char *", token.lower(), "one of " + words)
            self.steps.append(("opt_text", token.lower(), token))
        elif kind == "oneof":
            for inner in a["arguments"]:
                self.known.add(inner["name"])
                if inner["name"] not in self.without:
                    self.optional(inner)
        elif kind == "block" and token:
            self.group(a)
        elif kind == "block":
            for inner in a["arguments"]:
                self.known.add(inner["name"])
                self.optional(inner)
        elif kind == "pure-token":
            self.field("bool", token.lower(), token)
            self.steps.append(("opt_flag", token.lower(), token))
        else:
            self.optional_single(a)

    def optional_single(self, a):
        token = a.get("token")
        name = (token or a["name"]).lower().replace("-", "_")
        remark = (f"{token} " if token else "") + a["name"].replace("_", " ")
        c_type, step = NUMBERS.get(a["type"], ("diesel_value", "value"))
        if a["name"] in self.zero:
            c_type, step = "diesel_value", "value"
            remark += "; a number"
        self.field(c_type, name, remark)
        self.steps.append(("opt_" + step, name, token))

    def optional_array(self, a):
        if "token" not in a:
            self.array(plural(a["name"]))
            return
        name = a["token"].lower()
        self.field("const diesel_value *", name, f"{a['token']} {a['name'].replace('_', ' ')}, ...")
        self.field("size_t", "n_" + name, "how many there are")
        kind = "opt_each" if a.get("multiple_token") else "opt_array"
        self.steps.append((kind, name, a["token"]))

    def group(self, a):
        """LIMIT offset count: sent if the last of them is not 0."""
        token = a["token"]
        names = [f"{token.lower()}_{x['name']}" for x in a["arguments"]]
        for name in names:
            self.field("int64_t", name, f"{token}; both, or none" if
                       name == names[0] else "0: none")
        self.steps.append(("opt_group", token, names))

    def trim(self):
        self.known.update(("strategy", "operator", "threshold", "count"))
        self.field("diesel_value", "maxlen", "MAXLEN: keep at most so many entries")
        self.field("diesel_value", "minid", "MINID: keep those from this id on")
        self.field("bool", "nearly", "~: it may be a few more, which is faster")
        self.field("int64_t", "limit", "LIMIT: delete at most so many; with nearly")
        self.steps.append(("trim",))

    def field(self, c_type, name, remark):
        self.fields.append((c_type, name, remark))
